#!/usr/bin/python3
"""The exchange with its log on NATS JetStream (docs/JOURNAL.md, section 8): level replicated acknowledges nothing that
the stream has not, says so when the stream is out of reach, and loses nothing when it is killed; level disk goes on."""
import asyncio
import json
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.environ["BOURSE_SOURCE_DIR"], "tests"))
from exchange_process import ExchangeProcess, https, metric, run, trader, wait_until  # noqa: E402
from nats_server import NatsServers, find_server  # noqa: E402

QUIET = ("--set", "demo.commands_per_second=20", "--set", "journal.reserve_bytes=4194304")


class Orders:
    """One session; sends without waiting and keeps what was acknowledged."""

    def __init__(self, ws, auth):
        self.ws, self.sequence, self.told, self.refused = ws, int(auth["next_client_seq"]), [], []

    async def send(self, n=1):
        for _ in range(n):
            await self.ws.send(json.dumps({"op": "order", "client_seq": self.sequence, "symbol": "BTC-USD",
                                           "side": "buy", "type": "limit", "px": f"0.{1 + self.sequence % 50:02}",
                                           "qty": "0.01", "tif": "gtc"}))
            self.sequence += 1

    async def listen(self, seconds, enough=10**9):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and len(self.told) < enough:
            try:
                reply = json.loads(await asyncio.wait_for(self.ws.recv(), left))
            except asyncio.TimeoutError:
                return
            if reply["op"] == "error":
                self.refused.append(reply)
            elif reply["op"] == "exec" and reply.get("exec_type") == "accepted":
                self.told.append(int(reply["order_id"]))


def sequences_of(journal):
    _, text, _ = run("replay", journal, "--format", "csv", check=0)
    return {int(line.split(",")[0]) for line in text.splitlines() if line[:1].isdigit()}


@unittest.skipUnless(find_server(), "no nats-server: ./dev test fetches one where there is a network")
class TheStream(unittest.TestCase):
    def exchange(self, servers, durability):
        return ExchangeProcess("--durability", durability, "--set", f"stream.url={servers.url}",
                               "--set", "stream.timeout_ms=3000", *QUIET)

    def setUp(self):
        self.servers = NatsServers()
        self.addCleanup(self.servers.close)

    def test_row_25_replicated_acknowledges_only_what_the_stream_has(self):
        async def trade(x):
            async with trader(x.url) as (ws, auth):
                me = Orders(ws, auth)
                await me.send(50)
                await me.listen(20, 50)
                self.assertEqual(len(me.told), 50, "not all acknowledged")
                self.servers.kill(0)
                await me.send(20)
                await me.listen(1.5)
                self.assertEqual(len(me.told), 50, "acknowledged without the stream")
                await asyncio.sleep(3)
                status, text = https(x.url, "/readyz")
                self.assertEqual(status, 503, text)
                self.assertIn("the stream takes nothing", text)
                self.assertEqual(metric(x.url, "bourse_stream_stalled"), 1)
                await me.send(1)
                await me.listen(1)
                self.assertEqual([r["retryable"] for r in me.refused], [True], me.refused)
                self.servers.start(0)
                await me.listen(30, 70)
                self.assertEqual(len(me.told), 70, "not acknowledged when the stream was back")
                self.assertTrue(wait_until(lambda: https(x.url, "/readyz")[0] == 200), https(x.url, "/readyz"))
                await me.send(5)
                await me.listen(20, 75)
                self.assertEqual(len(me.told), 75)
                return me.told

        with self.exchange(self.servers, "replicated") as x:
            told = asyncio.run(trade(x))
            self.assertEqual(x.stop(), 0, "".join(x.output))
            self.assertEqual([o for o in told if o not in sequences_of(x.journal)], [])
            run("replay", x.journal, "--verify", check=0)

    def test_row_1_killed_while_replicated_nothing_told_is_lost(self):
        async def trade(x):
            async with trader(x.url) as (ws, auth):
                me = Orders(ws, auth)
                try:
                    for _ in range(20):
                        await me.send(20)
                        await me.listen(0.1)
                finally:
                    x.process.kill()
                return me.told

        with self.exchange(self.servers, "replicated") as x:
            told = []
            for round_ in range(3):
                if round_:
                    x.start()
                told += asyncio.run(trade(x))
                x.kill()
            x.start()
            self.assertEqual(x.stop(), 0, "".join(x.output))
            self.assertGreater(len(told), 100)
            there = sequences_of(x.journal)
            self.assertEqual([o for o in told if o not in there], [])

    def test_row_25_at_level_disk_it_goes_on_and_the_stream_is_filled_afterwards(self):
        async def trade(x):
            async with trader(x.url) as (ws, auth):
                me = Orders(ws, auth)
                await me.send(20)
                await me.listen(20, 20)
                self.servers.kill(0)
                self.servers.cut_store(0)
                await me.send(100)
                await me.listen(20, 120)
                self.assertEqual(len(me.told), 120, "the stream held up level disk")
                self.assertEqual(https(x.url, "/readyz")[0], 200)
                self.servers.start(0)
                self.assertTrue(wait_until(lambda: metric(x.url, "bourse_stream_refills_total") == 1), "not filled again")
                self.assertTrue(wait_until(lambda: metric(x.url, "bourse_stream_lag_transactions") < 20), "not caught up")

        with self.exchange(self.servers, "disk") as x:
            asyncio.run(trade(x))
            self.assertEqual(x.stop(), 0, "".join(x.output))

    def test_a_start_at_level_replicated_without_the_stream_says_what_is_missing(self):
        self.servers.kill(0)
        x = self.exchange(self.servers, "replicated")
        code, _, error = run(*x.arguments)
        self.assertEqual(code, 69, error)
        self.assertIn("the stream has not taken what the journal has", error)
        self.assertIn("journal.durability", error)

    def test_level_replicated_needs_a_url(self):
        code, _, error = run("serve", "--demo", "--port", "0", "--durability", "replicated", "--journal",
                             os.path.join(self.servers.folder, "journal"))
        self.assertEqual(code, 78, error)
        self.assertIn("stream.url", error)


if __name__ == "__main__":
    sys.exit(unittest.main())
