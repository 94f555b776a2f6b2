#!/usr/bin/python3
"""Gateways: the same feed as the exchange, also after a kill and for a client that hops; what is stale says so; an
archive has what the stream forgot."""
import asyncio
import json
import os
import resource
import tempfile
import time
import unittest

from exchange_process import connect, run, trader, wait_until
from gateway_process import GatewayCase, events, exchange, head, metric, order, readiness, report_of

from bourse.frames import Frame
from bourse.records import Channel, SystemCode

SYMBOLS = ["BTC-USD", "ETH-USD"]
CHANNELS = ["mbo", "trade", "bbo"]
BUSY = ("--durability", "memory", "--set", "demo.commands_per_second=500")


def subscription(start, until):
    return json.dumps({"op": "subscribe", "id": 1, "subs": [
        {"channel": channel, "symbols": SYMBOLS, "start": {"seq": str(start)}, "end": {"seq": str(until)}}
        for channel in CHANNELS]})


async def everything(url, until, start=1):
    streams = {}
    async with connect(url, "/v1/md") as ws:
        await ws.send(subscription(start, until))
        await asyncio.wait_for(events(ws, streams, len(SYMBOLS) * len(CHANNELS), lambda _: until), 60)
    return {stream: bytes(data) for stream, data in streams.items()}


class Gateways(GatewayCase):
    def test_a_gateway_gives_the_same_events_as_the_exchange_byte_for_byte(self):
        x, g = self.start(exchange(self.nats.url, *BUSY), self.gateway())
        self.assertTrue(wait_until(lambda: head(x.url) > 1500))
        until = head(x.url)
        self.assert_caught_up(g, until)
        direct = asyncio.run(everything(x.url, until))
        self.assertEqual(asyncio.run(everything(g.url, until)), direct)
        self.assertEqual(len(direct), 6)
        self.assertTrue(all(direct.values()))
        self.assertEqual(readiness(g.url), (True, []))

    def test_it_may_have_as_many_connections_as_the_system_allows(self):
        self.start(exchange(self.nats.url))
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, most))
        try:
            g, = self.start(self.gateway())
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self.assertEqual(resource.prlimit(g.process.pid, resource.RLIMIT_NOFILE), (most, most))

    def test_after_kill_9_it_goes_on_from_its_own_last_sequence(self):
        x, = self.start(exchange(self.nats.url, *BUSY))
        g = self.stack.enter_context(self.gateway())
        for _ in range(3):
            before = head(x.url)
            self.assert_caught_up(g, before)
            g.kill()
            self.assertTrue(wait_until(lambda: head(x.url) > before + 300))
            g.start()
        until = head(x.url)
        self.assert_caught_up(g, until)
        self.assertEqual(asyncio.run(everything(g.url, until)), asyncio.run(everything(x.url, until)))
        g.stop()
        self.assertIn("byte-equal", "".join(run("replay", g.journal, "--verify", check=0)[1:]))
        self.assertEqual(run("journal", "verify", g.journal)[0], 0)

    def test_a_client_hops_from_one_gateway_to_another_at_its_next_sequence(self):
        x, a, b = self.start(exchange(self.nats.url, *BUSY), self.gateway(), self.gateway())
        self.assertTrue(wait_until(lambda: head(x.url) > 1000))
        streams, start = {}, 1
        for hop in range(6):
            until = head(x.url)
            here = (a, b)[hop % 2]
            self.assert_caught_up(here, until)
            for stream, data in asyncio.run(everything(here.url, until, start)).items():
                streams[stream] = streams.get(stream, b"") + data
            start = until + 1
            wait_until(lambda: head(x.url) > until + 100)
        self.assertEqual(streams, asyncio.run(everything(x.url, start - 1)))

    def test_row_25_a_gateway_that_hears_nothing_is_stale_and_refuses_orders_clearly(self):
        x, g = self.start(exchange(self.nats.url, *BUSY), self.gateway())
        self.assertTrue(wait_until(lambda: metric(g.url, "bourse_gateway_orders_open") == 1))

        async def partition():
            async with connect(g.url, "/v1/md") as md, trader(g.url) as (ws, auth):
                await md.send(json.dumps({"op": "subscribe", "id": 1, "subs": [
                    {"channel": "bbo", "symbols": ["BTC-USD"]}]}))
                self.nats.kill(0)
                told = []
                async for message in md:
                    if isinstance(message, bytes) and (frame := Frame(message)).channel == Channel.SYSTEM:
                        told.append(frame.system.code)
                        if SystemCode.STALE in told:
                            break
                self.assertFalse(readiness(g.url)[0])
                self.assertTrue(wait_until(lambda: metric(g.url, "bourse_gateway_orders_open") == 0))
                await ws.send(order(auth["next_client_seq"]))
                refused = await report_of(ws, auth["next_client_seq"], ("error",))
                self.assertEqual(refused["code"], 9005, refused)
                await md.send(json.dumps({"op": "stats", "id": 2}))
                async for message in md:
                    if isinstance(message, str) and (stats := json.loads(message))["op"] == "stats":
                        break
                self.assertTrue(stats["upstream"]["stale"], stats)
                self.nats.start(0)
                async for message in md:
                    if isinstance(message, bytes) and (frame := Frame(message)).channel == Channel.SYSTEM:
                        if frame.system.code == SystemCode.CURRENT:
                            break
        asyncio.run(asyncio.wait_for(partition(), 90))
        until = head(x.url)
        self.assert_caught_up(g, until)
        self.assertTrue(wait_until(lambda: readiness(g.url)[0]))
        self.assertEqual(asyncio.run(everything(g.url, until)), asyncio.run(everything(x.url, until)))

    def test_an_epoch_of_the_exchange_passes_through(self):
        x, = self.start(exchange(self.nats.url, *BUSY))
        g, = self.start(self.gateway())
        self.assert_caught_up(g, head(x.url))
        x.kill()
        x.start()
        until = head(x.url) + 200
        self.assertTrue(wait_until(lambda: head(x.url) > until))
        self.assert_caught_up(g, until)
        self.assertTrue(wait_until(lambda: metric(g.url, "bourse_gateway_orders_open") == 1))
        self.assertEqual(asyncio.run(everything(g.url, until)), asyncio.run(everything(x.url, until)))

    def test_an_archive_has_what_the_stream_forgot_and_gives_it_to_a_new_gateway(self):
        x, archive = self.start(exchange(self.nats.url, *BUSY, "--set", "stream.max_age_s=15"),
                                self.gateway(word="archive"))
        began = time.monotonic()
        self.assertTrue(wait_until(lambda: head(x.url) > 1500 and time.monotonic() > began + 20))
        self.assert_caught_up(archive, head(x.url))
        g, = self.start(self.gateway())
        until = head(x.url)
        self.assert_caught_up(g, until)
        self.assertGreater(metric(g.url, "bourse_gateway_archived_total"), 0)
        self.assertEqual(asyncio.run(everything(g.url, until)), asyncio.run(everything(x.url, until)))
        archive.kill()
        archive.start()
        self.assert_caught_up(archive, until)
        self.assertEqual(archive.stop(), 0)
        self.assertEqual(run("journal", "verify", archive.journal)[0], 0)

    def test_a_gateway_without_a_stream_says_what_is_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            code, _, errors = run("gateway", "--nats", "nats://127.0.0.1:1", "--journal",
                                  os.path.join(folder, "copy"), "--port", "0")
        self.assertEqual(code, 69, errors)
        self.assertIn("nats://127.0.0.1:1", errors)


if __name__ == "__main__":
    unittest.main()
