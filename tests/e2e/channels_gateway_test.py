#!/usr/bin/python3
"""Gateways and archives of an exchange with three channels: the same feed of every log as the exchange, orders to the
log of their symbol, and after a kill from each log's own last sequence."""
import asyncio
import json
import os
import socket
import struct
import time
import unittest

from channels_gateway_case import (BUSY, LOGS, QUIET, SYMBOLS, ChannelsCase, answer_of, by_log, everything, heads,
                                   metrics, next_of, order, status)
from exchange_process import connect, https, run, trader, wait_until
from gateway_process import GatewayProcess, exchange, readiness

from bourse import Replay
from bourse.checksum import crc32c
from bourse.frames import Frame
from bourse.notices import EndOfReplay
from bourse.records import Channel, SystemCode


class Gateways(ChannelsCase):
    def test_a_gateway_gives_the_same_events_of_every_log_byte_for_byte(self):
        x, g = self.start(self.exchange(*BUSY), self.gateway())
        self.assertTrue(wait_until(lambda: min(heads(x.url)) > 400))
        until = heads(x.url)
        self.assert_reaches(g, until)
        self.assert_same_events(x, g, until)
        self.assertEqual(readiness(g.url), (True, []))
        self.assertEqual(https(g.url, "/v1/instruments"), https(x.url, "/v1/instruments"))
        for log, symbols in SYMBOLS.items():
            for symbol in symbols:
                at = f"/v1/book/{symbol}?at_seq={until[log]}"
                self.assertEqual(*({key: value for key, value in json.loads(https(url, at)[1]).items() if key != "ts"}
                                   for url in (g.url, x.url)))

    def test_after_kill_9_every_log_goes_on_from_its_own_last_sequence(self):
        x, = self.start(self.exchange(*BUSY))
        g = self.stack.enter_context(self.gateway())
        for _ in range(2):
            before = heads(x.url)
            self.assert_reaches(g, before)
            g.kill()
            self.assertTrue(wait_until(lambda: all(a > b + 100 for a, b in zip(heads(x.url), before))))
            g.start()
        until = heads(x.url)
        self.assert_reaches(g, until)
        self.assert_same_events(x, g, until)
        g.stop()
        for log in range(LOGS):
            run("replay", os.path.join(g.journal, f"channel-{log}"), "--verify", check=0)

    def test_a_client_hops_between_the_exchange_and_gateways_at_the_next_sequence_of_each_log(self):
        x, a, b = self.start(self.exchange(*BUSY), self.gateway(), self.gateway())
        self.assertTrue(wait_until(lambda: min(heads(x.url)) > 200))
        streams, start = {}, [1] * LOGS
        for hop in range(6):
            until = heads(x.url)
            here = (x, a, b)[hop % 3]
            self.assert_reaches(here, until)
            for stream, data in asyncio.run(everything(here.url, until, start)).items():
                streams[stream] = streams.get(stream, b"") + data
            start = [one + 1 for one in until]
            self.assertTrue(wait_until(lambda: all(a > b + 30 for a, b in zip(heads(x.url), until))))
        self.assertEqual(streams, asyncio.run(everything(x.url, [one - 1 for one in start])))

    def test_an_epoch_of_the_exchange_passes_through_in_every_log(self):
        x, g = self.start(self.exchange(*BUSY), self.gateway())
        self.assert_reaches(g, heads(x.url))
        x.kill()
        x.start()
        until = [one + 60 for one in heads(x.url)]
        self.assert_reaches(x, until)
        self.assert_reaches(g, until)
        self.assert_orders_open(g)
        self.assertEqual([one["epoch"] for one in status(g.url)["logs"]], [2] * LOGS)
        self.assert_same_events(x, g, until)

    def test_an_order_through_a_gateway_reaches_the_log_of_its_symbol_and_is_done_once(self):
        x, a, b = self.start(self.exchange(*QUIET), self.gateway(), self.gateway())
        self.assert_orders_open(a, b)

        async def trade():
            async with trader(a.url) as (first, auth):
                numbers = next_of(auth)
                accepted = []
                for log, symbols in SYMBOLS.items():
                    await first.send(order(numbers[log], symbols[0]))
                    told = await answer_of(first, log, numbers[log])
                    self.assertEqual((told["op"], told["exec_type"], told["symbol"]), ("exec", "accepted", symbols[0]))
                    accepted.append(told)
                for url in (a.url, b.url, x.url):
                    async with trader(url) as (again, _):
                        for log, symbols in SYMBOLS.items():
                            await again.send(order(numbers[log], symbols[0], id=f"again {log}"))
                            told = await answer_of(again, log, numbers[log], ("outcome", "error"))
                            self.assertEqual((told["op"], told["id"], told["seq"]),
                                             ("outcome", f"again {log}", accepted[log]["seq"]), told)
                            self.assertEqual([report["log"] for report in told["reports"]], [log])
                            await again.send(json.dumps({"op": "order_status", "id": log, "log": log,
                                                         "order_id": accepted[log]["order_id"]}))
                            while (told := json.loads(await again.recv())).get("id") != log:
                                pass
                            self.assertEqual((told["op"], told["open"], told["log"]), ("order_status", True, log))
                await first.send(json.dumps({"op": "open_orders", "id": 9}))
                while (told := json.loads(await first.recv()))["op"] != "open_orders":
                    pass
                self.assertEqual(sorted(one["symbol"] for one in told["orders"]),
                                 [symbols[0] for symbols in SYMBOLS.values()])
                for log in range(LOGS):
                    await first.send(json.dumps({"op": "mass_cancel", "log": log, "client_seq": str(numbers[log] + 1)}))
                    while (told := json.loads(await first.recv())).get("exec_type") != "canceled":
                        pass
                    self.assertEqual((told["log"], told["order_id"]), (log, accepted[log]["order_id"]))
        asyncio.run(asyncio.wait_for(trade(), 120))
        self.assertEqual(by_log(x.url, "bourse_gateways"), [2] * LOGS)
        self.assertEqual(by_log(a.url, "bourse_gateway_commands_total"), [2] * LOGS)

    def test_orders_of_every_log_end_with_their_gateway(self):
        x, g = self.start(self.exchange(*QUIET), self.gateway())
        self.assert_orders_open(g)

        async def leave():
            async with trader(x.url) as (watcher, auth), trader(g.url) as (ws, _):
                waiting, numbers = {}, next_of(auth)
                for log, symbols in SYMBOLS.items():
                    await ws.send(order(numbers[log], symbols[0], cancel_on_disconnect=True))
                    waiting[log] = (await answer_of(ws, log, numbers[log]))["order_id"]
                g.kill()
                while waiting:
                    report = json.loads(await asyncio.wait_for(watcher.recv(), 20))
                    if report.get("exec_type") == "canceled" and waiting.get(report["log"]) == report["order_id"]:
                        del waiting[report["log"]]
        asyncio.run(asyncio.wait_for(leave(), 90))

    def test_row_25_a_gateway_that_hears_nothing_is_stale_and_refuses_orders_of_every_log(self):
        x, g = self.start(self.exchange(*QUIET), self.gateway())
        self.assert_orders_open(g)

        async def partition():
            async with connect(g.url, "/v1/md") as md, trader(g.url) as (ws, auth):
                await md.send(json.dumps({"op": "subscribe", "id": 1, "subs": [{"channel": "bbo", "symbols": ["*"]}]}))

                async def told(code):
                    logs = set()
                    while len(logs) < LOGS:
                        message = await asyncio.wait_for(md.recv(), 30)
                        frame = Frame(message) if isinstance(message, bytes) else None
                        if frame is not None and frame.channel == Channel.SYSTEM and frame.system.code == code:
                            logs.add(frame.stream_id & 0xFFFFFF)
                self.nats.kill(0)
                await told(SystemCode.STALE)
                ready, reasons = readiness(g.url)
                self.assertFalse(ready)
                self.assertEqual(sorted(reason[:10] for reason in reasons), [f"channel {log}:" for log in range(LOGS)])
                self.assertTrue(wait_until(lambda: by_log(g.url, "bourse_gateway_orders_open") == [0] * LOGS))
                numbers = next_of(auth)
                for log, symbols in SYMBOLS.items():
                    await ws.send(order(numbers[log], symbols[0]))
                    self.assertEqual((await answer_of(ws, log, numbers[log]))["code"], 9005)
                self.nats.start(0)
                await told(SystemCode.CURRENT)
        asyncio.run(asyncio.wait_for(partition(), 120))
        self.assert_orders_open(g)
        self.assertTrue(wait_until(lambda: readiness(g.url)[0]))

    def test_an_archive_has_what_the_streams_forgot_and_replays_every_log(self):
        x, archive = self.start(self.exchange(*BUSY, "--set", "stream.max_age_s=15"), self.gateway(word="archive"))
        began = time.monotonic()
        self.assertTrue(wait_until(lambda: min(heads(x.url)) > 400 and time.monotonic() > began + 20, 60))
        self.assert_reaches(archive, heads(x.url))
        g, = self.start(self.gateway())
        until = heads(x.url)
        self.assert_reaches(g, until)
        self.assertTrue(all(by_log(g.url, "bourse_gateway_archived_total")))
        self.assert_same_events(x, g, until)
        self.assert_reaches(archive, until)
        for log, symbols in SYMBOLS.items():
            with Replay(archive.url, insecure=True, from_seq=1, to_seq=300, speed="max", log=log) as replay:
                replay.subscribe("mbo", "*")
                events = list(replay)
            self.assertEqual({e.symbol for e in events if isinstance(e, Frame)}, set(symbols))
            self.assertEqual([e.transactions for e in events if isinstance(e, EndOfReplay)], [300])
        self.assertEqual(archive.stop(), 0)
        for log in range(LOGS):
            self.assertEqual(run("journal", "verify", os.path.join(archive.journal, f"channel-{log}"))[0], 0)

    def test_metrics_of_a_gateway_name_the_log(self):
        x, g = self.start(self.exchange(*QUIET), self.gateway())
        self.assert_reaches(g, heads(x.url))
        for process, names in ((g, ("bourse_gateway_stale", "bourse_gateway_behind", "bourse_gateway_terms_total")),
                               (x, ("bourse_gateways", "bourse_forwarded_commands_total"))):
            for name in (*names, "bourse_sequence", "bourse_snapshot_sequence", "bourse_segments_deleted_total",
                         "bourse_market_snapshots_total", "bourse_frames_total", "bourse_market_streams"):
                found = metrics(process.url, name)
                self.assertEqual([sum(f'log="{log}"' in labels for labels in found) for log in range(LOGS)],
                                 [1] * LOGS, (name, found))
        stored = metrics(x.url, "bourse_stream_stored_sequence")
        self.assertEqual(sorted(stored), [f'{{channel="{log}"}}' for log in range(LOGS)])


class OtherNumbers(ChannelsCase):
    def refused(self, channels, word="gateway", **options):
        flag = "--journal" if word == "gateway" else "--dir"
        return run(word, "--nats", self.nats.url, "--port", "0", flag, os.path.join(self.folder, f"copy-{channels}"),
                   "--set", f"engine.channels={channels}", **options)

    def test_a_gateway_that_was_told_another_number_of_channels_is_refused_and_says_which_there_is(self):
        self.start(self.exchange(*QUIET))
        for channels in (1, 2, 4):
            code, _, said = self.refused(channels, "archive" if channels == 2 else "gateway")
            self.assertEqual(code, 78, said)
            self.assertRegex(said, f"the exchange has 3 channels, and engine.channels is {channels} here")
            self.assertRegex(said, "set engine.channels = 3")
        self.assertEqual(os.path.exists(os.path.join(self.folder, "copy-1")), False)

    def test_a_gateway_ends_when_the_engine_says_that_it_has_another_number(self):
        x, = self.start(exchange(self.nats.url, *QUIET))
        g, = self.start(GatewayProcess(self.nats.url))
        self.assertTrue(wait_until(lambda: readiness(g.url)[0]))
        subject = b"bourse.hb.0"
        with socket.create_connection(("127.0.0.1", self.nats.ports[0]), timeout=20) as nats, nats.makefile("rb") as lines:
            nats.sendall(b'CONNECT {"verbose":false}\r\nSUB ' + subject + b" 1\r\n")
            while not (line := lines.readline()).startswith(b"MSG "):
                self.assertTrue(line)
            heartbeat = bytearray(lines.read(int(line.split()[-1])))
            self.assertEqual(heartbeat[14:16], struct.pack("<H", 1))
            heartbeat[14:16] = struct.pack("<H", 3)
            heartbeat[4:8] = struct.pack("<I", crc32c(bytes(heartbeat[8:])))
            nats.sendall(b"PUB %s %d\r\n%s\r\n" % (subject, len(heartbeat), heartbeat))
            self.assertEqual(g.process.wait(30), 78)
        g.close_output()
        self.assertRegex("".join(g.output), "the exchange has 3 channels, and engine.channels is 1 here")
        self.assertTrue(readiness(x.url)[0])


if __name__ == "__main__":
    unittest.main()
