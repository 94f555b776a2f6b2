#!/usr/bin/python3
"""The past over the live protocol: the same events as live, one digest for one range at any pace, steps and seeks,
and clients that know only /v1/md."""
import asyncio
import hashlib
import json
import os
import re
import signal
import struct
import subprocess
import tempfile
import threading
import unittest

from exchange_process import ExchangeProcess, binary, connect, run
import subscribe  # clients/python: knows nothing of replays

SYMBOL = "BTC-USD"
CHANNELS = ["mbo", "trade", "bbo"]
SNAPSHOT, REPLAY = 1, 8
END_OF_REPLAY, CLOCK_TICK = 11, 12


class ReplayServer:
    """`bourse serve-replay` of a journal on a free port."""

    def __init__(self, journal, *arguments):
        self.process = subprocess.Popen([binary(), "serve-replay", journal, "--port", "0", *arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.output = []
        for line in self.process.stdout:
            self.output.append(line)
            if match := re.search(r"wss://([\d.]+:\d+)/v1/replay", line):
                self.url = "wss://" + match[1]
            if "Ctrl-C" in line:
                break
        else:
            raise AssertionError("serve-replay did not start:\n" + "".join(self.output))
        self.reader = threading.Thread(target=self.process.stdout.read, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.code = self.process.wait(30)
        self.reader.join(5)
        self.process.stdout.close()


def system_code(data):
    table, = struct.unpack_from("<I", data, 0)
    vtable = table - struct.unpack_from("<i", data, table)[0]
    place = table + struct.unpack_from("<H", data, vtable + 4 + 2 * 12)[0]
    system = place + struct.unpack_from("<I", data, place)[0]
    vtable = system - struct.unpack_from("<i", data, system)[0]
    offset = struct.unpack_from("<H", data, vtable + 4)[0] if struct.unpack_from("<H", data, vtable)[0] > 4 else 0
    return struct.unpack_from("<H", data, system + offset)[0] if offset else 0


class Player:
    """One connection on /v1/replay: events by stream, texts by op, notices by code."""

    def __init__(self, ws):
        self.ws, self.events, self.texts, self.notices, self.tail = ws, {}, [], [], {}

    async def send(self, **request):
        await self.ws.send(json.dumps(request))

    async def subscribe(self, channels=CHANNELS, **more):
        await self.send(op="subscribe", id="sub", subs=[{"channel": c, "symbols": [SYMBOL], **more} for c in channels])

    def take(self, message):
        if isinstance(message, str):
            self.texts.append(json.loads(message))
            return
        header, rows = subscribe.read_frame(message)
        stream, channel, flags = header[4], header[6], header[7]
        if channel == 12:
            self.notices.append(system_code(message))
        if rows is None or flags & SNAPSHOT:
            return
        self.tail[stream] = header[2]
        self.events[stream] = self.events.get(stream, b"") + rows.tobytes()

    async def until(self, condition):
        """Reads until a text fulfils the condition; returns it."""
        while True:
            seen = len(self.texts)
            self.take(await asyncio.wait_for(self.ws.recv(), 60))
            if len(self.texts) > seen and condition(self.texts[-1]):
                return self.texts[-1]

    async def to_the_end(self):
        async for message in self.ws:
            self.take(message)
        return next(t for t in self.texts if t["op"] == "end_of_replay")

    def digest(self):
        """As docs/PROTOCOL.md says, made of what was received."""
        whole, count = hashlib.sha256(), 0
        sizes = {1: 64, 3: 72, 4: 72}
        for stream in sorted(self.events):
            events = self.events[stream]
            size = sizes[stream >> 24]
            whole.update(struct.pack("<QQ", stream, len(events) // size) + hashlib.sha256(events).digest())
            count += len(events) // size
        return whole.hexdigest(), count


def replayed(url, query, path="/v1/replay"):
    async def go():
        async with connect(url, f"{path}?{query}") as ws:
            player = Player(ws)
            await player.subscribe()
            end = await player.to_the_end()
            return player, end, ws.close_code
    return asyncio.run(asyncio.wait_for(go(), 120))


class Replays(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="bourse-replay-")
        cls.journal = cls.folder.name + "/journal"
        # Two threads: connections of one key may land on either.
        cls.exchange = ExchangeProcess("--durability", "memory", "--set", "feed.io_threads=2", journal=cls.journal).start()

        async def live():
            events = {}
            async with connect(cls.exchange.url, "/v1/md") as ws:
                player = Player(ws)
                await player.subscribe(start="earliest")
                while min(player.tail.values(), default=0) < 2000 or len(player.tail) < 3:
                    player.take(await ws.recv())
                return player
        cls.live = asyncio.run(asyncio.wait_for(live(), 120))
        # All three streams have everything up to here.
        cls.last = min(cls.live.tail.values())

    @classmethod
    def tearDownClass(cls):
        cls.exchange.__exit__()
        cls.folder.cleanup()

    def rows(self, events, stream, up_to):
        _, _, row = subscribe.CHANNELS[stream >> 24]
        import numpy as np
        rows = np.frombuffer(events[stream], row)
        return rows[rows["seq"] <= up_to].tobytes()

    def test_a_replay_on_the_running_exchange_gives_the_events_of_the_live_feed(self):
        player, end, code = replayed(self.exchange.url, f"to_seq={self.last}&speed=max")
        self.assertEqual(code, 1000)
        self.assertEqual(set(player.events), set(self.live.events))
        for stream in player.events:
            self.assertEqual(player.events[stream], self.rows(self.live.events, stream, self.last), stream)
        digest, count = player.digest()
        self.assertEqual(end["summary"]["digest"], digest)
        self.assertEqual(int(end["summary"]["delivered"]), count)
        self.assertEqual(int(end["summary"]["transactions"]), self.last)
        self.assertEqual(player.notices.count(END_OF_REPLAY), 1)

    def test_one_range_has_one_digest_at_any_pace_and_on_any_server(self):
        query = f"from_seq=500&to_seq={self.last}"
        _, fast, _ = replayed(self.exchange.url, query + "&speed=max")
        _, paced, _ = replayed(self.exchange.url, query + "&speed=200")
        with ReplayServer(self.journal) as server:  # while the exchange writes
            _, cold, _ = replayed(server.url, query + "&speed=max")
            _, other, _ = replayed(server.url, f"from_seq=900&to_seq={self.last}&speed=max")
        self.assertEqual(server.code, 0)
        self.assertEqual(fast["summary"], paced["summary"])
        self.assertEqual(fast["summary"], cold["summary"])
        self.assertEqual(fast["digests"], cold["digests"])
        self.assertNotEqual(fast["summary"]["digest"], other["summary"]["digest"])

    def test_a_client_of_the_live_feed_reads_a_replay_unmodified(self):
        with ReplayServer(self.journal, "--to-seq", str(self.last), "--speed", "10", "--max-gap-ms", "1") as server:
            async def follow():
                seqs = []
                async for channel, symbol, header, rows in subscribe.follow(server.url, [SYMBOL], ["mbo"], snapshot=True):
                    if not header[7] & SNAPSHOT:
                        seqs += rows["seq"].tolist()
                return seqs
            seqs = asyncio.run(asyncio.wait_for(follow(), 120))
        import numpy as np
        stream = next(s for s in self.live.events if s >> 24 == 1)
        live = np.frombuffer(self.rows(self.live.events, stream, self.last), subscribe.MBO)["seq"].tolist()
        self.assertEqual(seqs, live)

    def test_a_day_of_nasdaq_is_read_at_ten_times_its_pace_by_a_client_of_the_live_feed(self):
        shared = os.environ.get("BOURSE_SHARED")
        if not shared:
            self.skipTest("the market data folder is not there")
        journal = os.path.join(self.folder.name, "aapl")
        run("import", "itch", os.path.join(shared, "data/itch_aapl_20200130/locate-13-10k.bin"), "--date", "2020-01-30",
            "--journal", journal, check=0)
        _, out, _ = run("book", "AAPL", "--journal", journal, "--depth", "1", "--json", check=0)
        # Five hours before the opening: what is quiet for long is cut to a millisecond.
        with ReplayServer(journal, "--speed", "10", "--max-gap-ms", "1") as server:
            async def follow():
                last, count = None, 0
                async for channel, symbol, header, rows in subscribe.follow(server.url, ["AAPL"], ["mbo", "bbo"]):
                    count += len(rows) if channel == "mbo" else 0
                    last = rows[-1] if channel == "bbo" else last
                return last, count
            last, count = asyncio.run(asyncio.wait_for(follow(), 120))
        self.assertEqual(count, 9954)
        self.assertEqual((int(last["bid_px"]), int(last["ask_px"])), (320_140_000_000, 320_300_000_000))
        self.assertIn('"320.14', out)

    def test_the_terminal_reads_a_replay(self):
        with ReplayServer(self.journal, "--to-seq", str(self.last), "--speed", "max") as server:
            _, out, _ = run("tail", SYMBOL, "--url", server.url, "--format", "json", "--count", "5", check=0)
        self.assertEqual(len(out.splitlines()), 5)

    def test_the_terminal_ends_where_the_replay_ends(self):
        with ReplayServer(self.journal, "--to-seq", str(self.last), "--speed", "max") as server:
            _, out, err = run("tail", SYMBOL, "--url", server.url, "--format", "json", "--from", "1", check=0)
        self.assertTrue(out)
        self.assertLessEqual(max(int(json.loads(line)["seq"]) for line in out.splitlines()), self.last)
        self.assertEqual(err, "")

    def test_pause_step_seek_and_resume(self):
        async def go():
            async with connect(self.exchange.url, f"/v1/replay?to_seq={self.last}&paused=1&stay=1") as ws:
                player = Player(ws)
                await player.subscribe(snapshot=True)
                await player.until(lambda t: t.get("state") == "paused")
                await player.send(op="step", id=1, trades=1)
                stepped = await player.until(lambda t: t.get("state") == "paused")
                trade = next(s for s in player.events if s >> 24 == 4)
                self.assertEqual(player.tail[trade], int(stepped["seq"]))
                await player.send(op="seek", id=2, seq="1000")
                sought = await player.until(lambda t: t.get("state") == "paused")
                self.assertEqual(sought["seq"], "999")
                player.events.clear()
                await player.send(op="speed", id=3, speed="max")
                await player.send(op="resume", id=4)
                end = await player.until(lambda t: t["op"] == "end_of_replay")
                self.assertEqual(end["summary"]["from_seq"], "1000")
                self.assertEqual(end["summary"]["digest"], player.digest()[0])
        asyncio.run(asyncio.wait_for(go(), 60))

    def test_connections_of_one_key_start_and_end_together(self):
        async def go():
            query = f"key=desk&from_seq=500&to_seq={self.last}&speed=max&paused=1"
            async with connect(self.exchange.url, "/v1/replay?" + query) as a:
                async with connect(self.exchange.url, "/v1/replay?key=desk") as b:
                    one, other = Player(a), Player(b)
                    await one.subscribe()
                    await other.subscribe()
                    await other.until(lambda t: t["op"] == "subscribed")
                    await other.send(op="resume", id=1)
                    ends = await asyncio.gather(one.to_the_end(), other.to_the_end())
                    self.assertEqual(ends[0]["summary"], ends[1]["summary"])
                    self.assertEqual(one.events, other.events)
        asyncio.run(asyncio.wait_for(go(), 60))

    def test_what_cannot_be_replayed_is_told_with_what_can(self):
        async def refusal(query):
            async with connect(self.exchange.url, "/v1/replay?" + query) as ws:
                answer = json.loads(await ws.recv())
                await ws.wait_closed()
                return answer, ws.close_code
        answer, code = asyncio.run(refusal("from_seq=999999999"))
        self.assertEqual((answer["code"], code), (4002, 1008))
        self.assertRegex(answer["msg"], r"the range, which is 1 to \d+")
        self.assertEqual(asyncio.run(refusal("speed=7x"))[0]["code"], 1004)
        self.assertIn("bourse_replays", self.metrics())
        code, _, err = run("serve-replay", self.journal, "--from-seq", "999999999", "--port", "0")
        self.assertEqual(code, 2)
        self.assertIn("beyond the range", err)
        self.assertEqual(run("serve-replay", "/nowhere", "--port", "0")[0], 66)

    def metrics(self):
        import urllib.request
        from exchange_process import tls
        with urllib.request.urlopen(self.exchange.url.replace("wss", "https") + "/metrics", context=tls(), timeout=30) as answer:
            return answer.read().decode()


if __name__ == "__main__":
    unittest.main()
