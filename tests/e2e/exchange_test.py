#!/usr/bin/python3
"""The whole way of an order over wss, as a client sees it: subscribe, snapshot, live, a cut connection, a
killed server, and the log afterwards."""
import asyncio
import json
import socket
import struct
import unittest

import websockets
from exchange_process import ExchangeProcess, connect, run, tls, trader
from subscribe import SNAPSHOT, follow, read_frame

TICKS = 400  # of the demo market, per look
ORDERS = 600
SLEEP_SECONDS = 4  # 24,000 commands of the demo: more than all buffers on the way hold


def system_code(frame):
    """The code of a System frame: first field of the table in field 12 of Frame."""
    def field(table, number):
        vtable = table - struct.unpack_from("<i", frame, table)[0]
        inside = 4 + 2 * number < struct.unpack_from("<H", frame, vtable)[0]
        return struct.unpack_from("<H", frame, vtable + 4 + 2 * number)[0] if inside else 0
    root, = struct.unpack_from("<I", frame, 0)
    place = root + field(root, 12)
    system = place + struct.unpack_from("<I", frame, place)[0]
    code = field(system, 0)
    return struct.unpack_from("<H", frame, system + code)[0] if code else 0


class Book:
    """The book as any client rebuilds it from mbo frames, in the plainest way."""

    def __init__(self):
        self.orders = {}  # id: [side, price, size]
        self.rpt = None

    def apply(self, header, rows):
        for row in rows:
            action, side, order = row["action"], row["side"], int(row["order_id"])
            if header[7] & SNAPSHOT:
                if action == b"R":
                    self.orders.clear()
                else:
                    self.orders[order] = [side, int(row["price"]), int(row["size"])]
                self.rpt = int(row["rpt_seq"])
                continue
            if self.rpt is not None and int(row["rpt_seq"]) != self.rpt + 1:
                raise AssertionError(f"rpt_seq {row['rpt_seq']} after {self.rpt}")
            self.rpt = int(row["rpt_seq"])
            if action == b"A":
                if order in self.orders:
                    raise AssertionError(f"order {order} added twice")
                self.orders[order] = [side, int(row["price"]), int(row["size"])]
            elif action == b"M":
                self.orders[order][1:] = [int(row["price"]), int(row["size"])]
            elif action in (b"C", b"E"):
                self.orders[order][2] -= int(row["size"])
                if self.orders[order][2] < 0:
                    raise AssertionError(f"order {order} went below nothing")
                if self.orders[order][2] == 0:
                    del self.orders[order]

    def best(self):
        bids = [price for side, price, _ in self.orders.values() if side == b"B"]
        asks = [price for side, price, _ in self.orders.values() if side == b"A"]
        return max(bids, default=None), min(asks, default=None)


async def watch(url, book, resume, ticks, symbol="BTC-USD"):
    """Follows mbo until `ticks` events have been applied; returns them as (seq, rpt_seq)."""
    seen = []
    async for _, _, header, rows in follow(url, [symbol], ["mbo"], resume, snapshot=True):
        book.apply(header, rows)
        if not header[7] & SNAPSHOT:
            seen += [(int(r["seq"]), int(r["rpt_seq"])) for r in rows]
            bid, ask = book.best()
            if bid is not None and ask is not None and bid >= ask:
                raise AssertionError(f"crossed at {header[2]}: {bid} >= {ask}")
        if len(seen) >= ticks and not header[7] & 128:
            resume[f"mbo {symbol}"] = header[2]
            return seen
    raise AssertionError("the stream ended")


class Exchange(unittest.TestCase):
    def test_a_cut_connection_resumes_without_gap_or_duplicate(self):
        with ExchangeProcess("--durability", "memory") as x:
            book, resume = Book(), {}
            seen = asyncio.run(watch(x.url, book, resume, TICKS))
            for _ in range(3):
                seen += asyncio.run(watch(x.url, book, resume, TICKS))
            rpts = [rpt for _, rpt in seen]
            self.assertEqual(rpts, list(range(rpts[0], rpts[0] + len(rpts))))
            self.assertEqual(x.stop(), 0, "".join(x.output))

    def test_a_killed_server_forgets_nothing_that_was_told(self):
        for durability in ("memory", "disk"):
            with self.subTest(durability), ExchangeProcess("--durability", durability) as x:
                book, resume = Book(), {}
                seen = asyncio.run(watch(x.url, book, resume, TICKS))
                for _ in range(3):
                    x.kill()
                    x.start()
                    seen += asyncio.run(watch(x.url, book, resume, TICKS))
                rpts = [rpt for _, rpt in seen]
                self.assertEqual(rpts, list(range(rpts[0], rpts[0] + len(rpts))))
                self.assertEqual(x.stop(), 0, "".join(x.output))
                run("replay", x.journal, "--verify", check=0)

    def test_a_killed_server_forgets_no_acknowledged_order(self):
        async def order_until_killed(x, acknowledged):
            async with trader(x.url) as (ws, auth):
                first = int(auth["next_client_seq"])
                for n in range(ORDERS):
                    await ws.send(json.dumps({
                        "op": "order", "client_seq": first + n, "symbol": "BTC-USD", "side": "buy", "type": "limit",
                        "px": f"{10 + n % 50}.00", "qty": "0.01", "tif": "gtc"}))
                try:
                    while len(acknowledged) < ORDERS:
                        report = json.loads(await asyncio.wait_for(ws.recv(), 10))
                        self.assertEqual(report["exec_type"], "accepted", report)
                        acknowledged[int(report["order_id"])] = first + len(acknowledged)
                        if len(acknowledged) == ORDERS // 3:
                            x.process.kill()
                except websockets.ConnectionClosed:
                    pass
        for durability in ("memory", "disk"):
            with self.subTest(durability), ExchangeProcess("--durability", durability) as x:
                acknowledged = {}
                asyncio.run(order_until_killed(x, acknowledged))
                x.kill()
                self.assertGreaterEqual(len(acknowledged), ORDERS // 3)
                _, text, _ = run("replay", x.journal, "--format", "json", check=0)
                found, sequences = {}, []
                for line in text.splitlines():
                    transaction = json.loads(line)
                    sequences.append(int(transaction["sequence"]))
                    for event in transaction["events"]:
                        if event["kind"] == "add":
                            found[int(event["order_id"])] = event["price"]
                self.assertEqual([order for order in acknowledged if order not in found], [])
                self.assertEqual(sequences, list(range(1, len(sequences) + 1)))
                x.start()  # and the exchange itself goes on with them
                asyncio.run(self.next_client_sequence_is_above(x.url, max(acknowledged.values())))
                self.assertEqual(x.stop(), 0, "".join(x.output))
                run("replay", x.journal, "--verify", check=0)

    async def next_client_sequence_is_above(self, url, last):
        async with trader(url) as (_, auth):
            self.assertGreater(int(auth["next_client_seq"]), last)

    def test_history_from_the_first_sequence_becomes_live(self):
        async def whole(url):
            book, events = Book(), 0
            book.rpt = 0
            async for _, _, header, rows in follow(url, ["ETH-USD"], ["mbo"], start=1):
                book.apply(header, rows)
                events += len(rows)
                if events > TICKS and not header[7] & 8:  # no longer REPLAY
                    return events
        with ExchangeProcess("--durability", "memory") as x:
            asyncio.run(watch(x.url, Book(), {}, TICKS, "ETH-USD"))
            self.assertGreater(asyncio.run(whole(x.url)), TICKS)

    def test_an_order_is_acknowledged_shown_and_taken_back(self):
        async def trade(url):
            async with trader(url) as (ws, auth), connect(url, "/v1/md") as md:
                await md.send(json.dumps({"op": "subscribe", "id": 1, "subs": [
                    {"channel": "mbo", "symbols": ["ETH-USD"]}]}))
                while json.loads(await md.recv())["op"] != "subscribed":
                    pass
                await ws.send(json.dumps({"op": "order", "id": 2, "client_seq": auth["next_client_seq"], "symbol": "ETH-USD",
                                          "side": "buy", "type": "limit", "px": "1.00", "qty": "0.5",
                                          "tif": "gtc", "cl_ord_id": "mine"}))
                ack = json.loads(await ws.recv())
                self.assertEqual((ack["op"], ack["exec_type"], ack["cl_ord_id"]), ("exec", "accepted", "mine"), ack)
                order = int(ack["order_id"])
                added = await self.public_event(md, order)
                self.assertEqual((added["action"], int(added["price"])), (b"A", 10**9))
                self.assertEqual(int(added["seq"]), order)
                await ws.send(json.dumps({"op": "cancel", "id": 3, "order_id": str(order), "symbol": "ETH-USD"}))
                gone = json.loads(await ws.recv())
                self.assertEqual(gone["exec_type"], "canceled", gone)
                self.assertEqual((await self.public_event(md, order))["action"], b"C")
        with ExchangeProcess() as x:
            asyncio.run(trade(x.url))

    async def public_event(self, md, order):
        async for message in md:
            if isinstance(message, bytes):
                header, rows = read_frame(message)
                if rows is not None and header[6] == 1:
                    for row in rows:
                        if int(row["order_id"]) == order:
                            return row
        raise AssertionError("the feed ended")

    def test_bad_input_is_answered_and_the_session_lives(self):
        async def provoke(url):
            async with connect(url, "/v1/md") as ws:
                await ws.recv()  # hello
                for text, code in (("{", 1001), ("[1]", 1001), ('{"op":"dance"}', 1002), ('{"x":1}', 1003)):
                    await ws.send(text)
                    self.assertEqual((await self.error(ws))["code"], code, text)
                await ws.send(b"\0" * 16)
                self.assertEqual((await self.error(ws))["code"], 1004)
                await ws.send(json.dumps({"op": "subscribe", "id": 9, "subs": [
                    {"channel": "trade", "symbols": ["BTC-USD", "BTC-USE"]}]}))
                reply = json.loads(await ws.recv())
                self.assertEqual([s["symbol"] for s in reply["streams"]], ["BTC-USD"])
                self.assertEqual([(r["symbol"], r["code"]) for r in reply["rejected"]], [("BTC-USE", 2003)])
                self.assertIn("BTC-USD", reply["rejected"][0]["did_you_mean"])
            async with trader(url) as (ws, auth):
                order = {"op": "order", "id": 1, "client_seq": auth["next_client_seq"], "symbol": "BTC-USD", "side": "buy",
                         "type": "limit", "px": "100.00", "qty": "1", "tif": "gtc"}
                for change, code in (({"px": "100.001"}, 5003), ({"qty": "0.00001"}, 5004), ({"symbol": "X"}, 5001)):
                    await ws.send(json.dumps(order | change))
                    self.assertEqual((await self.error(ws))["code"], code, change)
                await ws.send(b"not a flatbuffer")
                self.assertEqual((await self.error(ws))["code"], 1006)
                await ws.send(b"\0" * 600)
                self.assertEqual((await self.error(ws))["code"], 1005)
                await ws.send(json.dumps(order))
                self.assertEqual(json.loads(await ws.recv())["exec_type"], "accepted")
        with ExchangeProcess() as x:
            asyncio.run(provoke(x.url))
            self.assertEqual(x.stop(), 0, "".join(x.output))

    async def error(self, ws):
        while True:
            message = await ws.recv()
            if isinstance(message, str) and (reply := json.loads(message))["op"] == "error":
                return reply

    def test_a_reader_that_sleeps_falls_back_into_the_log_and_loses_nothing(self):
        async def sleep_and_read(port):
            small = socket.socket()
            small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            small.connect(("127.0.0.1", port))
            async with websockets.connect(f"wss://127.0.0.1:{port}/v1/md", ssl=tls(), sock=small,
                                          server_hostname="127.0.0.1", max_queue=1, close_timeout=0.5,
                                          read_limit=4096, max_size=2**20, ping_interval=None) as ws:
                await ws.send(json.dumps({"op": "subscribe", "id": 1, "subs": [
                    {"channel": "mbo", "symbols": ["BTC-USD"], "snapshot": True}]}))
                at, was_slow, rpts = None, False, []
                await asyncio.sleep(SLEEP_SECONDS)
                small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
                async for message in ws:
                    if isinstance(message, str):
                        continue
                    header, rows = read_frame(message)
                    if header[6] == 12:  # System
                        was_slow |= system_code(message) == 2  # SlowReader
                        if was_slow and system_code(message) == 6:  # CaughtUp
                            break
                    if rows is None or header[6] != 1:
                        continue
                    if not header[7] & SNAPSHOT:
                        self.assertEqual(header[0], at, "prev_seq")
                        rpts += rows["rpt_seq"].tolist()
                    at = header[2]
                self.assertTrue(was_slow)
                self.assertEqual(rpts, list(range(rpts[0], rpts[0] + len(rpts))))
        with ExchangeProcess("--durability", "memory", "--set", "demo.commands_per_second=6000",
                             "--set", "feed.limits.frame_log_bytes=262144",
                             "--set", "feed.limits.outbox_high_bytes=131072",
                             "--set", "feed.limits.outbox_low_bytes=32768") as x:
            asyncio.run(sleep_and_read(int(x.url.rsplit(":", 1)[1])))

    def test_best_prices_follow_from_the_book(self):
        async def compare(url):
            book, checked, book_at = Book(), 0, {}
            async for channel, _, header, rows in follow(url, ["BTC-USD"], ["mbo", "bbo"], snapshot=True):
                if channel == "mbo":
                    for i in range(len(rows)):
                        book.apply(header, rows[i:i + 1])
                        book_at[int(rows[i]["seq"])] = book.best()  # after the last event of the transaction
                elif not header[7] & SNAPSHOT:
                    for row in rows:
                        if int(row["seq"]) in book_at:
                            best = tuple(None if p == 2**63 - 1 else p for p in (int(row["bid_px"]), int(row["ask_px"])))
                            self.assertEqual(best, book_at[int(row["seq"])], int(row["seq"]))
                            checked += 1
                if checked > 100:
                    return
        with ExchangeProcess("--durability", "memory") as x:
            asyncio.run(compare(x.url))


if __name__ == "__main__":
    unittest.main()
