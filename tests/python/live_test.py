#!/usr/bin/python3
"""Live data: the book of a live stream is the book of the log, over cut connections, killed servers and servers that misbehave;
gaps, silence and reconnects are events. Orders: a refusal is an exception, a lost connection loses and doubles nothing."""
import asyncio
import contextlib
import json
import signal
import threading
import time
import unittest

from package import ROOT  # noqa: F401

try:
    import websockets
except ImportError:
    print("skipped: needs python3-websockets")
    raise SystemExit(77)

from exchange_process import ExchangeProcess, run
from frame_maker import frame_of, mbo

import numpy as np

import bourse
from bourse.records import STATUS

SECONDS_MAX = 60


def frames(live, count, channel=1):
    """So many frames of a channel, and what came between them."""
    found, notices = [], []
    for event in live:
        if isinstance(event, bourse.Frame) and event.channel == channel:
            found.append(event)
            if len(found) >= count:
                break
        else:
            notices.append(event)
    return found, notices


class WithAnExchange(unittest.TestCase):
    @classmethod
    def start(cls):
        cls.exchange = ExchangeProcess("--set", "demo.commands_per_second=500").start()
        cls.port = cls.exchange.url.rsplit(":", 1)[1]

    def live(self, **options):
        live = bourse.Live(self.exchange.url, insecure=True, **options)
        self.addCleanup(live.close)
        return live

    def assert_book_of_the_log(self, book):
        told = json.loads(run("book", book.instrument.symbol, "--at-seq", str(book.seq), "--journal", self.exchange.journal, "--json",
                              check=0)[1])
        self.assertEqual(f"{book.book_hash():016x}", told["book_hash"])


class AgainstTheExchange(WithAnExchange):
    @classmethod
    def setUpClass(cls):
        cls.start()

    @classmethod
    def tearDownClass(cls):
        cls.exchange.__exit__()

    def test_a_book_from_a_snapshot_is_the_book_of_the_log(self):
        live = self.live().subscribe("mbo", "BTC-USD", snapshot=True)
        found, notices = frames(live, 200)
        self.assertIsInstance(notices[0], bourse.Defined)
        book = live.book("BTC-USD")
        for frame in found:
            book.apply(frame.rows)
        self.assert_book_of_the_log(book)

    def test_the_whole_log_and_then_the_present_come_without_a_hole(self):
        live = self.live().subscribe("mbo", "*", start="earliest")
        books = {}
        found, _ = frames(live, 300)
        for frame in found:
            books.setdefault(frame.symbol, live.book(frame.symbol)).apply(frame.rows)
        self.assertEqual(set(books), {"BTC-USD", "ETH-USD"})
        for book in books.values():
            self.assert_book_of_the_log(book)

    def test_one_that_does_not_read_for_a_while_loses_nothing(self):
        live = self.live(queue=8).subscribe("mbo", "*", snapshot=True)
        books = {}
        found, _ = frames(live, 10)
        time.sleep(3)
        found += frames(live, 2000)[0]
        for frame in found:
            books.setdefault(frame.symbol, live.book(frame.symbol)).apply(frame.rows)
        for book in books.values():
            self.assert_book_of_the_log(book)

    def test_an_unknown_symbol_is_an_error_that_names_a_near_one(self):
        with self.assertRaisesRegex(bourse.RemoteError, "BTC-USD") as caught:
            frames(self.live().subscribe("mbo", "BTC-USF"), 1)
        self.assertEqual((caught.exception.code, caught.exception.name), (2003, "unknown_symbol"))

    def test_iterating_awaiting_and_callbacks_give_the_same(self):
        ends = {}

        async def awaited():
            async with bourse.Live(self.exchange.url, insecure=True) as live:
                live.subscribe("trade", "BTC-USD", from_seq=1)
                async for event in live:
                    if isinstance(event, bourse.Frame):
                        return event.rows["match_id"][0]

        ends["async"] = asyncio.run(asyncio.wait_for(awaited(), SECONDS_MAX))
        live = self.live().subscribe("trade", "BTC-USD", from_seq=1)
        ends["for"] = frames(live, 1, 4)[0][0].rows["match_id"][0]
        seen = []
        self.live().subscribe("trade", "BTC-USD", from_seq=1).run(seen.append, seconds=2)
        ends["callback"] = next(e for e in seen if isinstance(e, bourse.Frame)).rows["match_id"][0]
        self.assertEqual(len(set(ends.values())), 1, ends)

    def test_history_from_the_server_is_history_from_the_directory(self):
        remote = bourse.Historical(self.exchange.url, insecure=True)
        time.sleep(1)
        local = bourse.Historical(self.exchange.journal)
        last = local.last_seq - 200
        for schema in ("mbo", "trades", "status", "imbalance"):
            ours = local.to_ndarray(schema, "BTC-USD", to_seq=last)
            theirs = remote.to_ndarray(schema, "BTC-USD", to_seq=last)
            self.assertEqual(theirs.tobytes(), ours.tobytes(), schema)
        both = remote.to_ndarray("trades", from_seq=100, to_seq=last)
        self.assertEqual(sorted(both["seq"].tolist()), local.to_ndarray("trades", from_seq=100, to_seq=last)["seq"].tolist())
        bbo = remote.to_ndarray("bbo", "ETH-USD", to_seq=last)
        self.assertEqual(bbo[["seq", "bid_px", "ask_px", "bid_sz", "ask_sz"]].tolist(),
                         local.to_ndarray("bbo", "ETH-USD", to_seq=last)[["seq", "bid_px", "ask_px", "bid_sz", "ask_sz"]].tolist())

    def test_orders_are_accepted_changed_and_cancelled(self):
        with bourse.connect(self.exchange.url, insecure=True) as x:
            x.cancel_all()
            list(x.reports(0.5))
            order = x.buy("BTC-USD", "0.5", price="10000.01", cl_ord_id="mine-1")
            self.assertEqual((order.status, order.leaves, order.price), ("open", order.qty, order.price))
            x.amend(order, price="10000.02", size="0.4")
            self.assertEqual((str(order.price), str(order.leaves)), ("10000.02", "0.4"))
            self.assertEqual(x.cancel(order).type, "canceled")
            self.assertFalse(order.is_open)
            by_ticks = x.sell("BTC-USD", lots=5000, ticks=9_000_000)
            self.assertEqual((str(by_ticks.price), str(by_ticks.qty)), ("90000", "0.5"))
            x.cancel_all()
            types = [r.type for r in x.reports(1.0)]
            self.assertEqual(types[:4], ["accepted", "replaced", "canceled", "accepted"])
            self.assertEqual(types.count("canceled"), 2)

    def test_a_market_order_tells_its_fills(self):
        with bourse.connect(self.exchange.url, insecure=True) as x:
            order = x.buy("BTC-USD", "0.01")
            for _ in x.reports(1.0):
                pass
            self.assertEqual((order.status, str(order.filled)), ("filled", "0.01"))
            self.assertEqual(sum(f.last_qty for f in order.fills), order.filled)

    def test_both_kinds_of_no_are_exceptions_with_stable_codes(self):
        with bourse.connect(self.exchange.url, insecure=True) as x:
            with self.assertRaises(bourse.Rejected) as edge:
                x.buy("BTC-USD", "0.5", price="10000.013")
            self.assertEqual((edge.exception.code, edge.exception.name, edge.exception.sequenced), (5003, "bad_tick", False))
            with self.assertRaises(bourse.Rejected) as exchange:
                x.cancel(123456789)
            self.assertEqual((exchange.exception.code, exchange.exception.sequenced), (5009, True))
            with self.assertRaises(bourse.Rejected) as cross:
                x.buy("BTC-USD", "0.5", price="900000", post_only=True)
            self.assertEqual(cross.exception.name, "would_cross")
            with self.assertRaisesRegex(ValueError, "size"):
                x.buy("BTC-USD", price="10000")

    def test_open_orders_and_the_status_of_one_can_be_asked_for(self):
        with bourse.connect(self.exchange.url, insecure=True) as x:
            x.cancel_all()
            orders = [x.buy("BTC-USD", "0.001", price=f"{1000 + i}") for i in range(3)] + [x.buy("ETH-USD", "0.1", price="100")]
            found = x.open_orders()
            self.assertEqual([o.order_id for o in found], [o.order_id for o in reversed(orders)])
            self.assertEqual((found[0].symbol, str(found[0].leaves), found[0].is_open), ("ETH-USD", "0.1", True))
            self.assertEqual([o.order_id for o in x.open_orders("ETH-USD")], [orders[3].order_id])
            self.assertTrue(x.order_status(orders[0])["open"])
            x.cancel(orders[0])
            self.assertFalse(x.order_status(orders[0])["open"])
            with self.assertRaises(bourse.RemoteError) as caught:
                x.order_status(10**12)
            self.assertEqual(caught.exception.code, 5009)
            x.cancel_all()

    def test_a_wrong_key_is_told_as_such(self):
        with self.assertRaises(bourse.RemoteError) as caught:
            bourse.connect(self.exchange.url, "demo", b"wrong", insecure=True)
        self.assertEqual(caught.exception.code, 3002)


class OverKillsAndStops(WithAnExchange):
    def setUp(self):
        self.start()
        self.addCleanup(self.exchange.__exit__)

    def restart(self):
        """On the same port, as a service would."""
        self.exchange.kill()
        arguments = self.exchange.arguments
        arguments[arguments.index("--port") + 1] = self.port
        self.exchange.start()

    def test_a_killed_and_restarted_exchange_is_resumed_behind_what_was_received(self):
        live = self.live().subscribe("mbo", "BTC-USD", snapshot=True)
        found, _ = frames(live, 100)
        book = live.book("BTC-USD")
        for frame in found:
            book.apply(frame.rows)
        restarting = threading.Thread(target=self.restart)
        restarting.start()
        seen = []
        behind = 0
        for event in live:  # book.apply raises on any hole
            seen.append(type(event))
            if isinstance(event, bourse.Frame) and event.channel == 1:
                self.assertFalse(event.is_snapshot, "resumed, not begun anew")
                book.apply(event.rows)
                behind += bourse.Reconnected in seen
                if behind >= 100:
                    break
        restarting.join()
        self.assertIn(bourse.Disconnected, seen)
        self.assertNotIn(bourse.Gap, seen)
        self.assertLess(seen.index(bourse.Disconnected), seen.index(bourse.Reconnected))
        self.assert_book_of_the_log(book)

    def test_a_stopped_exchange_is_stale_and_goes_on(self):
        live = self.live(stale_s=1.5).subscribe("mbo", "BTC-USD", snapshot=True)
        frames(live, 20)
        self.exchange.process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.exchange.process.send_signal, signal.SIGCONT)
        for event in live:
            if isinstance(event, bourse.Stale):
                self.assertGreaterEqual(event.ms, 1500)
                break
        self.exchange.process.send_signal(signal.SIGCONT)
        self.assertEqual(len(frames(live, 20)[0]), 20)

    def test_orders_survive_a_killed_exchange_once_each(self):
        accepted = []
        with bourse.connect(self.exchange.url, insecure=True) as x:
            restarting = threading.Timer(0.3, self.restart)
            restarting.start()
            while restarting.is_alive() or len(accepted) < 50:
                accepted.append(x.buy("BTC-USD", "0.001", price="1000").order_id)
            restarting.join()
            self.assertGreaterEqual(x._on_loop.reconnects, 1)
            self.assertEqual(len(set(accepted)), len(accepted))
            x.cancel_all()
            list(x.reports(1.5))
        self.exchange.stop()
        journal = bourse.open(self.exchange.journal)
        reports, _ = journal.reports()
        mine = reports[(reports["account"] == 1) & (reports["type"] == 0) & (reports["order_id"] != 0)]
        self.assertEqual(sorted(mine["order_id"].tolist()), sorted(accepted), "none lost, none twice")


class AServerThatMisbehaves(unittest.TestCase):
    """A server of the test's own: what the exchange never does must be seen all the same."""

    STREAM = 1 << 24 | 1

    @contextlib.asynccontextmanager
    async def served(self, *scripts):
        """Each connection plays the next script: async functions of (send frame, request)."""
        scripts = iter(scripts)
        self.requests = []

        async def serve(socket, _path=None):
            script = next(scripts, None)
            await socket.send(json.dumps({"op": "hello", "proto": 1, "session": "s", "epoch": 1, "heartbeat_ms": 1000}))
            request = json.loads(await socket.recv())
            self.requests.append(request)
            if script is None:
                await socket.wait_closed()
                return
            start = request["subs"][0].get("start", {})
            first = int(start.get("seq", 1))
            await socket.send(json.dumps({"op": "subscribed", "id": request["id"], "streams": [
                {"stream": self.STREAM, "channel": "mbo", "symbol": "X", "instrument_id": 1, "from_seq": str(first)}]}))

            async def send(prev, last, flags=0):
                rows = mbo(*((seq, seq, seq, b"A", b"B", 10**9, 1) for seq in range(prev + 1, last + 1)))
                await socket.send(frame_of(1, rows, prev, prev + 1, last, stream_id=self.STREAM, flags=flags))

            await script(send, socket)
            await socket.wait_closed()

        async with websockets.serve(serve, "127.0.0.1", 0) as server:
            yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def follow(self, *scripts, until, **options):
        async def go():
            async with self.served(*scripts) as url:
                seen = []
                async with bourse.Live(url, **options) as live:
                    live.subscribe("mbo", "X")
                    async for event in live:
                        seen.append(event)
                        if until(event):
                            return seen
                return seen
        return asyncio.run(asyncio.wait_for(go(), SECONDS_MAX))

    @staticmethod
    def last(seq):
        return lambda e: isinstance(e, bourse.Frame) and e.last_seq == seq

    def test_a_missing_frame_is_a_gap_and_is_fetched_from_the_log(self):
        async def leaves_one_out(send, _):
            await send(0, 3)
            await send(5, 6)

        async def whole(send, _):
            await send(3, 6)
            await send(6, 7)

        seen = self.follow(leaves_one_out, whole, until=self.last(7))
        gap = next(e for e in seen if isinstance(e, bourse.Gap))
        self.assertEqual((gap.symbol, gap.from_seq, gap.to_seq, gap.is_healed), ("X", 4, 5, True))
        self.assertEqual(self.requests[1]["subs"][0]["start"]["seq"], "4")
        seqs = [int(s) for e in seen if isinstance(e, bourse.Frame) for s in e.rows["seq"]]
        self.assertEqual(seqs, [1, 2, 3, 4, 5, 6, 7])

    def test_an_order_that_is_sent_again_is_answered_by_what_became_of_the_first(self):
        """The server takes the order, and dies before it tells; the retry is answered by `outcome`, as docs/PROTOCOL.md tells."""
        report = {"op": "exec", "exec_seq": "18", "seq": "990", "exec_type": "accepted", "status": "open", "order_id": "990", "client_seq": "43",
                  "symbol": "X", "side": "buy", "price": "10", "qty": "0.5", "leaves_qty": "0.5", "cum_qty": "0"}
        requests = []

        async def serve(socket, _path=None):
            await socket.send(json.dumps({"op": "hello", "nonce": "n", "session": "s"}))
            auth = json.loads(await socket.recv())
            requests.append(auth)
            await socket.send(json.dumps({"op": "auth_ok", "account": 1, "next_client_seq": "43", "exec_head": "17", "seq": "981"}))
            order = json.loads(await socket.recv())
            requests.append(order)
            if len(requests) == 2:
                return  # the connection ends
            await socket.send(json.dumps({"op": "exec", **report, "exec_type": "rejected", "exec_seq": "19", "status": "rejected", "order_id": "0",
                                          "reject_code": 5011, "reject": "duplicate_client_sequence", "duplicate": True}))
            await socket.send(json.dumps({"op": "outcome", "id": order["id"], "client_seq": "43", "duplicate": True, "seq": "990",
                                          "reports_total": 1, "reports": [report | {"replay": True}]}))
            await socket.wait_closed()

        async def go():
            async with websockets.serve(serve, "127.0.0.1", 0) as server:
                async with bourse.AsyncTrader(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}") as x:
                    return await x.buy("X", "0.5", price="10")
        order = asyncio.run(asyncio.wait_for(go(), SECONDS_MAX))
        self.assertEqual((order.order_id, order.status, str(order.leaves)), (990, "open", "0.5"))
        self.assertEqual(requests[1], requests[3], "the same, word for word")
        self.assertEqual(requests[2]["exec_from"], "18")

    def test_a_loop_that_is_left_and_begun_again_loses_nothing(self):
        async def at_once(send, _):
            for seq in range(200):
                await send(seq, seq + 1)

        ready, stop = threading.Event(), threading.Event()
        address = []

        def serve():
            async def until_stopped():
                async with self.served(at_once) as url:
                    address.append(url)
                    ready.set()
                    while not stop.is_set():
                        await asyncio.sleep(0.05)
            asyncio.run(until_stopped())

        server = threading.Thread(target=serve)
        server.start()
        self.addCleanup(server.join)
        self.addCleanup(stop.set)
        ready.wait(SECONDS_MAX)
        seen = []
        with bourse.Live(address[0]) as live:
            live.subscribe("mbo", "X")
            while len(seen) < 200:
                for event in live:
                    if isinstance(event, bourse.Frame):
                        seen.append(event.last_seq)
                    if len(seen) == 1:
                        time.sleep(0.5)  # so that all the others are there
                    break
        self.assertEqual(seen, list(range(1, 201)))

    def test_a_server_that_never_heals_ends_in_an_error(self):
        async def leaves_one_out(send, _):
            await send(3, 6)
        with self.assertRaises(bourse.GapError):
            self.follow(*[leaves_one_out] * 10, until=lambda e: False)

    def test_parts_of_a_transaction_are_told_when_it_is_whole_and_never_twice(self):
        async def cut_in_a_transaction(send, socket):
            await send(0, 1)
            rows = mbo((2, 2, 2, b"A", b"B", 10**9, 1))
            await socket.send(frame_of(1, rows, 1, 2, 2, stream_id=self.STREAM, flags=bourse.FrameFlag.PARTIAL))
            await socket.close()

        async def whole(send, socket):
            for rpt, prev, flags in ((2, 1, bourse.FrameFlag.PARTIAL), (3, 2, 0)):
                rows = mbo((2, rpt, rpt, b"A", b"B", 10**9, 1))
                await socket.send(frame_of(1, rows, prev, 2, 2, stream_id=self.STREAM, flags=flags))
            await send(2, 3)

        seen = self.follow(cut_in_a_transaction, whole, until=self.last(3))
        rpts = [int(r) for e in seen if isinstance(e, bourse.Frame) and e.last_seq == 2 for r in e.rows["rpt_seq"]]
        self.assertEqual(rpts, [2, 3])
        self.assertEqual(self.requests[1]["subs"][0]["start"]["seq"], "2")

    def test_an_epoch_that_was_taken_back_begins_the_stream_anew(self):
        async def go():
            calls = []

            async def serve(socket, _path=None):
                await socket.send(json.dumps({"op": "hello", "proto": 1, "session": "s", "epoch": 2}))
                async for message in socket:
                    request = json.loads(message)
                    sub = request["subs"][0]
                    calls.append(sub)
                    if "start" in sub:
                        await socket.send(json.dumps({"op": "subscribed", "id": request["id"], "streams": [], "rejected": [
                            {"channel": "mbo", "symbol": "X", "code": 4006, "name": "epoch_mismatch", "retryable": False}]}))
                        continue
                    await socket.send(json.dumps({"op": "subscribed", "id": request["id"], "streams": [
                        {"stream": self.STREAM, "channel": "mbo", "symbol": "X", "instrument_id": 1, "from_seq": "10"}]}))
                    rows = mbo((10, 10, 10, b"A", b"B", 10**9, 1))
                    await socket.send(frame_of(1, rows, 9, 10, 10, stream_id=self.STREAM))
                    if len(calls) == 1:
                        await socket.close()
                        return

            async with websockets.serve(serve, "127.0.0.1", 0) as server:
                async with bourse.Live(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}") as live:
                    live.subscribe("mbo", "X")
                    seen = []
                    async for event in live:
                        seen.append(event)
                        if len([e for e in seen if isinstance(e, bourse.Frame)]) == 2:
                            return seen, calls
        seen, calls = asyncio.run(asyncio.wait_for(go(), SECONDS_MAX))
        gap = next(e for e in seen if isinstance(e, bourse.Gap))
        self.assertEqual((gap.is_healed, gap.from_seq), (False, 11))
        self.assertTrue(calls[2]["snapshot"])

    def test_an_unknown_row_of_another_channel_is_passed_on(self):
        rows = np.zeros(1, STATUS)
        rows["action"] = 8
        self.assertEqual(bourse.Frame(frame_of(8, rows)).rows["action"].tolist(), [8])


if __name__ == "__main__":
    unittest.main()
