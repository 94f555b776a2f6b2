#!/usr/bin/python3
"""The channels beside mbo and trade, through the package: levels, depth, bars, statistics and checks are what the log's own book and trades
say, live, conflated and in ranges of the past."""
import unittest

from package import ROOT  # noqa: F401
from exchange_process import ExchangeProcess, wait_until

import numpy as np

import bourse
from bourse import records
from bourse.tables import in_units, to_ticks
from frame_maker import frame_of, mbo

X = bourse.Instrument(1, "X", 10**9, 1, 0)


def levels(*rows):
    """Rows of LEVEL of (action, side, price in ticks, size, count)."""
    made = np.zeros(len(rows), records.LEVEL)
    for row, (action, side, price, size, count) in zip(made, rows):
        row["action"], row["side"], row["price"], row["size"], row["count"] = action, side, price * 10**9, size, count
        row["instrument_id"] = 1
    return made


class LevelBooks(unittest.TestCase):
    def test_levels_are_set_and_deleted_by_price(self):
        book = bourse.LevelBook(X).apply(levels((b"R", b"N", 0, 0, 0), (b"N", b"B", 10, 5, 1), (b"N", b"B", 11, 6, 2), (b"N", b"A", 13, 7, 1)))
        self.assertEqual((book.best(), book.best().spread), (((11, 6, 2), (13, 7, 1)), 2))
        book.apply(levels((b"C", b"B", 11, 4, 1), (b"D", b"B", 10, 0, 0), (b"D", b"B", 9, 0, 0)))
        self.assertEqual(book.levels(bourse.BID), [(11, 4, 1)])
        self.assertEqual(book.depth(2)["ask"].tolist(), [13, bourse.NO_PRICE])
        book.apply(levels((b"R", b"N", 0, 0, 0)))
        self.assertEqual(book.best(), (None, None))

    def test_the_checksums_of_the_protocols_example(self):
        rows = mbo((1, 1, 5, b"A", b"B", 10**9, 500))
        book = bourse.Book(X).apply(rows)
        self.assertEqual((book.book_hash(), book.crc32c_top10()), (14337679968339681641, 1202498779))
        by_level = bourse.LevelBook(X).apply(levels((b"N", b"B", 1, 500, 1)))
        self.assertEqual(by_level.crc32c_top10(), 1202498779)
        check = np.zeros(1, records.CHECK)[0]
        with self.assertRaises(bourse.BookError):
            by_level.check(check)


class Tables(unittest.TestCase):
    def test_money_between_the_ticks_is_not_rounded_to_them(self):
        bar = np.zeros(1, records.BAR)
        bar["instrument_id"], bar["open"], bar["vwap"], bar["turnover"], bar["volume"] = 1, 3 * 10**9, 2_500_000_000, 7, 4
        columns = to_ticks(bar, {1: X})
        self.assertEqual((columns["open"][0], columns["vwap"][0], columns["turnover"][0]), (3, 2_500_000_000, 7))
        floats = in_units(columns, {1: X}, "float", "float")
        self.assertEqual((floats["open"][0], floats["vwap"][0], floats["volume"][0]), (3.0, 2.5, 4.0))
        decimals = in_units(columns, {1: X}, "decimal", "decimal")
        self.assertEqual(str(decimals["vwap"][0]), "2.500000000")

    def test_statistics_stay_in_the_units_of_the_wire_until_floats_are_asked_for(self):
        stat = np.zeros(2, records.STAT)
        stat["instrument_id"], stat["stat_type"] = 1, (6, 13)
        stat["price"], stat["quantity"] = (bourse.NO_PRICE, 2_500_000_000), (250, bourse.NO_PRICE)
        cents = bourse.Instrument(1, "X", 10**7, 10, -2)
        columns = to_ticks(stat, {1: cents})
        self.assertEqual(columns["price"].tolist(), stat["price"].tolist())
        floats = in_units(columns, {1: cents}, "float", "float")
        self.assertEqual((floats["price"][1], floats["quantity"][0]), (2.5, 2.5))
        self.assertTrue(np.isnan(floats["price"][0]) and np.isnan(floats["quantity"][1]))


class AgainstTheExchange(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.exchange = ExchangeProcess().start()
        # Thousand commands a second: bars of a second have closed.
        assert wait_until(lambda: bourse.open(cls.exchange.journal).last_seq > 3000, 60)

    @classmethod
    def tearDownClass(cls):
        cls.exchange.__exit__()

    def live(self):
        live = bourse.Live(self.exchange.url, insecure=True)
        self.addCleanup(live.close)
        return live

    def rows(self, live, channel, frames):
        """So many frames of a channel; their rows in one array."""
        found = []
        for event in live:
            if isinstance(event, bourse.Frame) and event.channel == channel:
                found.append(event.rows)
                if len(found) >= frames:
                    return np.concatenate(found)
        raise AssertionError("the stream has ended")

    def book_of_the_log(self, seq):
        return bourse.open(self.exchange.journal).book("BTC-USD", seq=seq)

    def test_levels_are_those_of_the_book(self):
        for depth in (0, 5):
            live = self.live().subscribe("level", "BTC-USD", snapshot=True, **({"depth": depth} if depth else {}))
            book = None
            for event in live:
                if isinstance(event, bourse.Frame):
                    book = book or bourse.LevelBook(live.instrument("BTC-USD"))
                    book.apply(event.rows)
                    if book.seq and not event.is_snapshot and event.flags & bourse.FrameFlag.FLUSH_LAST and len(book.levels(bourse.BID)):
                        last = event.last_seq
                        break
            truth = self.book_of_the_log(last)
            for side in (bourse.BID, bourse.ASK):
                self.assertEqual(book.levels(side), truth.levels(side, depth or None), (depth, side))

    def test_depth10_is_the_top_of_the_book_whole(self):
        rows = self.rows(self.live().subscribe("depth10", "BTC-USD"), bourse.Channel.DEPTH10, 3)
        for row in rows:
            truth = self.book_of_the_log(int(row["seq"])).depth(10)
            none = truth["bid"] == bourse.NO_PRICE
            self.assertEqual(row["levels"]["bid_px"].tolist(), np.where(none, bourse.NO_PRICE, truth["bid"] * 10**7).tolist())
            self.assertEqual(row["levels"]["ask_sz"].tolist(), (truth["ask_size"] * 10**4).tolist())

    def test_a_check_proves_the_book_and_a_wrong_book_is_found(self):
        live = self.live().subscribe("mbo", "BTC-USD", snapshot=True).subscribe("check", "BTC-USD", every=10)
        book, proven, waiting = None, 0, []
        for event in live:
            if not isinstance(event, bourse.Frame):
                continue
            if event.channel == bourse.Channel.MBO:
                book = book or live.book("BTC-USD")
                for row in range(len(event.rows)):
                    book.apply(event.rows[row:row + 1])
                    for check in [c for c in waiting if int(c["rpt_seq"]) == book.rpt_seq]:
                        book.check(check)
                        proven += 1
                        waiting.remove(check)
            elif event.channel == bourse.Channel.CHECK:
                for check in event.rows:
                    if book is not None and int(check["rpt_seq"]) == book.rpt_seq:
                        book.check(check)
                        proven += 1
                        wrong = check.copy()
                        wrong["book_hash"] = int(check["book_hash"]) ^ 1
                        with self.assertRaises(bourse.BookError):
                            book.check(wrong)
                    elif book is None or int(check["rpt_seq"]) > (book.rpt_seq or 0):
                        waiting.append(check)
            if proven >= 5:
                break

    def test_bars_of_the_past_are_those_of_the_trades(self):
        journal = bourse.open(self.exchange.journal)
        last = journal.last_seq
        live = self.live().subscribe("bar", "BTC-USD", interval_ms=1000, start="earliest", to_seq=last)
        bars = []
        for event in live:
            if isinstance(event, bourse.Frame) and event.channel == bourse.Channel.BAR:
                bars.append(event.rows)
            elif isinstance(event, bourse.EndOfInterval):
                break
        bars = np.concatenate(bars)
        bars = bars[bars["volume"] > 0]
        ours = bourse.bars(journal.to_ndarray("trades", "BTC-USD", to_seq=last), "1s")
        ours = ours[:len(bars)]  # the last one is not over
        for name in ("ts_open", "open", "high", "low", "close", "volume", "buy_volume", "trades"):
            self.assertEqual(bars[name].tolist(), ours[name].tolist(), name)

    def test_a_conflated_bbo_is_the_newest_state(self):
        rows = self.rows(self.live().subscribe("bbo", "BTC-USD", conflate_ms=100), bourse.Channel.BBO, 3)
        for row in rows:
            best = self.book_of_the_log(int(row["seq"])).best()
            self.assertEqual(int(row["bid_px"]), best.bid.price * 10**7 if best.bid else bourse.NO_PRICE)

    def test_statistics_come_with_a_snapshot(self):
        rows = self.rows(self.live().subscribe("stat", "BTC-USD"), bourse.Channel.STAT, 1)
        self.assertTrue({6, 11} <= set(rows["stat_type"].tolist()), rows)

    def test_a_range_ends_by_itself(self):
        live = self.live().subscribe("trade", "*", from_seq=10, to_seq=300)
        seqs = []
        for event in live:
            if isinstance(event, bourse.Frame) and event.channel == bourse.Channel.TRADE:
                seqs += event.rows["seq"].tolist()
            elif isinstance(event, bourse.EndOfInterval):
                self.assertEqual(live.streams, {})
                break
        trades = bourse.open(self.exchange.journal).to_ndarray("trades", from_seq=10, to_seq=300)
        self.assertEqual(sorted(seqs), trades["seq"].tolist())


class FramesOfTheNewChannels(unittest.TestCase):
    def test_they_are_views_too(self):
        for channel, dtype in ((2, records.LEVEL), (6, records.BAR), (7, records.STAT), (11, records.CHECK)):
            self.assertFalse(bourse.Frame(frame_of(channel, np.zeros(3, dtype))).rows.flags.owndata)


if __name__ == "__main__":
    unittest.main()
