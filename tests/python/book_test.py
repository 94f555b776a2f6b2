#!/usr/bin/python3
"""The book from events and frames equals the exchange's own, at any sequence; what it cannot follow it refuses."""
import json
import os
import shutil
import tempfile
import unittest

from package import ROOT  # noqa: F401
from exchange_process import ExchangeProcess, run, wait_until
from frame_maker import mbo

import numpy as np

import bourse
from bourse.records import CHECK, NO_PRICE

TICK, LOT = 10_000_000, 10_000
INSTRUMENT = bourse.Instrument(1, "BTC-USD", TICK, LOT, -8)


def event(seq, action, order=0, side=b"N", price=0, lots=0, rpt=None):
    return seq, seq if rpt is None else rpt, order, action, side, price * TICK, lots * LOT


class Following(unittest.TestCase):
    def book(self, *events):
        return bourse.Book(INSTRUMENT).apply(mbo(*events))

    def test_orders_queue_by_price_and_time(self):
        book = self.book(event(1, b"A", 1, b"B", 100, 5), event(2, b"A", 2, b"B", 100, 7), event(3, b"A", 3, b"B", 101, 1),
                         event(4, b"A", 4, b"A", 103, 2))
        self.assertEqual(book.best(), ((101, 1, 1), (103, 2, 1)))
        self.assertEqual((book.best().spread, book.best().mid), (2, 102.0))
        self.assertEqual(book.queue(bourse.BID, 100), [(1, 5), (2, 7)])
        self.assertEqual((book.size_ahead(2), book.size_ahead(1), 3 in book, len(book)), (5, 0, True, 4))
        self.assertEqual(book.levels(bourse.BID), [(101, 1, 1), (100, 12, 2)])

    def test_executions_and_cancels_take_size_off_and_the_last_one_takes_the_level(self):
        book = self.book(event(1, b"A", 1, b"B", 100, 5), event(2, b"A", 2, b"B", 100, 7), event(3, b"E", 1, b"B", 100, 5),
                         event(4, b"C", 2, b"B", 100, 3))
        self.assertEqual(book.best().bid, (100, 4, 1))
        book.apply(mbo(event(5, b"C", 2, b"B", 100, 4)))
        self.assertEqual((book.best(), len(book)), ((None, None), 0))

    def test_a_change_keeps_its_place_only_if_it_says_so(self):
        rows = mbo(event(1, b"A", 1, b"B", 100, 5), event(2, b"A", 2, b"B", 100, 7), event(3, b"M", 1, b"B", 100, 3))
        kept = rows.copy()
        kept["flags"][2] |= bourse.EventFlag.PRIORITY_KEPT
        self.assertEqual(bourse.Book(INSTRUMENT).apply(kept).queue(bourse.BID, 100), [(1, 3), (2, 7)])
        self.assertEqual(bourse.Book(INSTRUMENT).apply(rows).queue(bourse.BID, 100), [(2, 7), (1, 3)])
        moved = self.book(event(1, b"A", 1, b"B", 100, 5), event(2, b"M", 1, b"B", 99, 4))
        self.assertEqual(moved.levels(bourse.BID), [(99, 4, 1)])

    def test_trades_and_notices_move_the_numbering_alone(self):
        book = self.book(event(1, b"A", 1, b"B", 100, 5), event(2, b"T", 9, b"B", 100, 5), event(3, b"N"))
        self.assertEqual((len(book), book.rpt_seq, book.seq), (1, 3, 3))

    def test_a_snapshot_begins_the_book_anew(self):
        book = self.book(event(1, b"A", 1, b"B", 100, 5))
        rows = mbo(event(50, b"R", rpt=70), event(50, b"A", 7, b"A", 105, 1, rpt=70), event(50, b"A", 8, b"A", 106, 2, rpt=70))
        rows["flags"] |= bourse.EventFlag.SNAPSHOT
        book.apply(rows)
        self.assertEqual((book.best(), book.rpt_seq), ((None, (105, 1, 1)), 70))
        book.apply(mbo(event(60, b"C", 7, b"A", 105, 1, rpt=71)))
        self.assertEqual(book.best().ask, (106, 2, 1))

    def test_other_instruments_are_passed_over(self):
        rows = mbo(event(1, b"A", 1, b"B", 100, 5), event(2, b"A", 2, b"B", 100, 7))
        rows["instrument_id"][1] = 2
        self.assertEqual(len(bourse.Book(INSTRUMENT).apply(rows)), 1)

    def test_dense_depth_fills_missing_levels(self):
        depth = self.book(event(1, b"A", 1, b"B", 100, 5), event(2, b"A", 4, b"A", 103, 2)).depth(3)
        self.assertEqual(depth.tolist(), [(100, 5, 1, 103, 2, 1), (NO_PRICE, 0, 0, NO_PRICE, 0, 0), (NO_PRICE, 0, 0, NO_PRICE, 0, 0)])

    def test_the_cost_of_taking_sums_over_levels(self):
        book = self.book(event(1, b"A", 1, b"A", 100, 5), event(2, b"A", 2, b"A", 101, 5))
        self.assertEqual((book.cost(bourse.ASK, 7), book.cost(bourse.ASK, 20)), ((500 + 202, 7), (500 + 505, 10)))


class Refusing(unittest.TestCase):
    def setUp(self):
        self.book = bourse.Book(INSTRUMENT).apply(mbo(event(1, b"A", 1, b"B", 100, 5)))

    def refused(self, kind, *events):
        before = self.book.book_hash()
        with self.assertRaises(kind) as caught:
            self.book.apply(mbo(*events))
        self.assertEqual((self.book.book_hash(), self.book.rpt_seq), (before, 1), "nothing of it is applied")
        return caught.exception

    def test_a_hole_in_the_numbering_is_a_gap(self):
        gap = self.refused(bourse.GapError, event(3, b"A", 2, b"B", 100, 5))
        self.assertEqual((gap.expected, gap.got), (2, 3))

    def test_a_book_that_begins_in_the_middle_is_a_gap(self):
        with self.assertRaisesRegex(bourse.GapError, "snapshot"):
            bourse.Book(INSTRUMENT).apply(mbo(event(5, b"A", 2, b"B", 100, 5)))

    def test_contradictions_are_errors(self):
        self.assertRegex(str(self.refused(bourse.BookError, event(2, b"A", 1, b"B", 100, 5))), "already")
        self.assertRegex(str(self.refused(bourse.BookError, event(2, b"C", 2, b"B", 100, 5))), "not in the book")
        self.assertRegex(str(self.refused(bourse.BookError, event(2, b"E", 1, b"B", 100, 6))), "less than 6")
        self.assertRegex(str(self.refused(bourse.BookError, event(2, b"M", 3, b"B", 100, 6))), "not in the book")

    def test_a_check_that_differs_is_an_error_that_names_what(self):
        check = np.zeros(1, CHECK)[0]
        check["rpt_seq"], check["book_hash"], check["crc32c_top10"] = 1, self.book.book_hash(), self.book.crc32c_top10()
        check["bid_levels"] = 1
        self.book.check(check)
        for name in ("book_hash", "crc32c_top10", "bid_levels"):
            wrong = check.copy()
            wrong[name] = int(check[name]) ^ 1
            with self.assertRaisesRegex(bourse.BookError, name):
                self.book.check(wrong)


class TheExchangesOwn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="bourse-python-")
        cls.directory = os.path.join(cls.folder.name, "journal")
        with ExchangeProcess("--set", "snapshot.every_transactions=1000", "--set", "snapshot.books_every=300",
                             journal=cls.directory) as x:
            assert wait_until(lambda: bourse.open(cls.directory).last_seq > 4000, 60)
            x.stop()
        cls.journal = bourse.open(cls.directory)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def told(self, symbol, *where):
        return json.loads(run("book", symbol, *where, "--journal", self.directory, "--json", "--depth", "0", "--l3", check=0)[1])

    def assert_same(self, book, told):
        self.assertEqual((f"{book.book_hash():016x}", str(book.rpt_seq)), (told["book_hash"], told["rpt_sequence"]))
        for side, name in ((bourse.BID, "bids"), (bourse.ASK, "asks")):
            ours = [(str(order), book.instrument.decimal(level.price), book.instrument.size_decimal(size))
                    for level in book.levels(side) for order, size in book.queue(side, level.price)]
            self.assertEqual([o for o, _, _ in ours], [o["order_id"] for o in told[name]])
            self.assertEqual([(p, q) for _, p, q in ours],
                             [(type(p)(o["price"]), type(q)(o["quantity"])) for (_, p, q), o in zip(ours, told[name])])

    def test_at_any_sequence_it_is_the_book_that_the_exchange_tells(self):
        self.assertTrue(self.journal._snapshots(), "the test is to begin at snapshots too")
        for symbol in ("BTC-USD", "ETH-USD"):
            for seq in (10, 123, 999, 1000, 1001, 2500, self.journal.last_seq):
                with self.subTest(symbol=symbol, seq=seq):
                    self.assert_same(self.journal.book(symbol, seq=seq), self.told(symbol, "--at-seq", str(seq)))

    def test_at_a_time_it_is_the_book_of_all_that_had_happened(self):
        moment = self.journal.start + (self.journal.end - self.journal.start) // 2
        book = bourse.book_at(self.directory, "BTC-USD", ts=moment)
        self.assert_same(book, self.told("BTC-USD", "--at-ts", str(moment)))

    def test_a_damaged_snapshot_is_not_needed(self):
        copy = os.path.join(self.folder.name, "copy")
        shutil.copytree(self.directory, copy)
        journal, folder = bourse.open(copy), os.path.join(copy, "snap")
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "r+b") as file:
                file.seek(40)
                byte = file.read(1)[0]
                file.seek(40)
                file.write(bytes([byte ^ 0xFF]))
        self.assertEqual(journal._snapshots(), [])
        self.assertEqual(journal.book("BTC-USD").book_hash(), self.journal.book("BTC-USD").book_hash())

    def test_a_sequence_outside_is_refused_with_the_range(self):
        with self.assertRaisesRegex(bourse.RangeError, f"1 to {self.journal.last_seq}"):
            self.journal.book("BTC-USD", seq=self.journal.last_seq + 1)

    def test_a_grid_of_depth_is_the_book_at_each_of_its_times(self):
        grid = bourse.depth_grid(self.journal, "ETH-USD", "100ms", levels=4)
        self.assertGreater(len(grid.times), 5)
        for row in {0, 1, len(grid.times) // 2, len(grid.times) - 1}:
            depth = self.journal.book("ETH-USD", ts=int(grid.times[row])).depth(4)
            for ours, column in ((grid.bid_px, "bid"), (grid.bid_sz, "bid_size"), (grid.ask_px, "ask"), (grid.ask_sz, "ask_size")):
                self.assertEqual(ours[row].tolist(), depth[column].tolist(), (row, column))

    def test_bars_add_up_to_the_trades(self):
        trades = self.journal.to_ndarray("trades", "BTC-USD")
        bars = bourse.bars(trades, "1s")
        self.assertEqual((int(bars["volume"].sum()), int(bars["trades"].sum())), (int(trades["size"].sum()), len(trades)))
        first = trades[trades["ts_event"] < bars["ts_close"][0]]
        self.assertEqual((bars["open"][0], bars["high"][0], bars["low"][0], bars["close"][0]),
                         (first["price"][0], first["price"].max(), first["price"].min(), first["price"][-1]))
        self.assertTrue(((bars["low"] <= bars["vwap"]) & (bars["vwap"] <= bars["high"])).all())


class AppleOfNasdaq(unittest.TestCase):
    """A real morning, imported: what the data's own page says of it."""

    def test_counts_and_best_prices_are_those_of_the_file(self):
        tape = os.path.join(os.environ.get("BOURSE_SHARED", "/nowhere"), "data", "itch_aapl_20200130", "locate-13-10k.bin")
        if not os.path.exists(tape):
            self.skipTest("needs the market data folder")
        with tempfile.TemporaryDirectory(prefix="bourse-python-") as folder:
            directory = os.path.join(folder, "aapl")
            run("import", "itch", tape, "--date", "2020-01-30", "--journal", directory, check=0)
            journal = bourse.open(directory)
            rows = journal.to_ndarray("mbo", "AAPL")
            self.assertEqual((rows["action"] == b"A").sum(), 4758 + 2 + 7, "A, F and the new half of U")
            self.assertEqual((rows["action"] == b"E").sum(), 849)
            self.assertEqual((rows["action"] == b"T").sum(), 240)
            instrument, best = journal.instrument("AAPL"), journal.book("AAPL").best()
            self.assertEqual((instrument.price(best.bid.price), instrument.size(best.bid.size)), (320.14, 25))
            self.assertEqual((instrument.price(best.ask.price), instrument.size(best.ask.size)), (320.30, 100))
            self.assertEqual(len(journal.to_ndarray("trades")), 849 + 240)


if __name__ == "__main__":
    unittest.main()
