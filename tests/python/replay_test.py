#!/usr/bin/python3
"""The past through the package: replays over the wire are the log, two of one range share a digest, pauses and seeks lose nothing; and a
strategy in a recorded session changes what it must and nothing else."""
import os
import tempfile
import unittest

from package import ROOT  # noqa: F401
from exchange_process import ExchangeProcess, wait_until

import bourse

LAST = 1500


def setUpModule():
    global EXCHANGE, FOLDER, LOCAL
    FOLDER = tempfile.TemporaryDirectory(prefix="bourse-python-")
    EXCHANGE = ExchangeProcess(journal=os.path.join(FOLDER.name, "journal")).start()
    assert wait_until(lambda: bourse.open(EXCHANGE.journal).last_seq > LAST + 200, 60)
    LOCAL = bourse.open(EXCHANGE.journal)


def tearDownModule():
    EXCHANGE.__exit__()
    FOLDER.cleanup()


class Replays(unittest.TestCase):
    def replay(self, **options):
        replay = bourse.Replay(EXCHANGE.url, insecure=True, to_seq=LAST, **({"speed": "max"} | options))
        self.addCleanup(replay.close)
        return replay

    def test_a_replay_is_the_log_and_ends_with_a_digest(self):
        digests = set()
        for options in ({}, {"speed": 1000, "max_gap_ms": 10, "tick_ms": 0}):
            replay = self.replay(**options).subscribe("mbo", "BTC-USD").subscribe("trade", "*")
            rows, ends = [], []
            for event in replay:
                if isinstance(event, bourse.Frame) and event.channel == bourse.Channel.MBO:
                    rows.append(event.rows.tobytes())
                elif isinstance(event, bourse.EndOfReplay):
                    ends.append(event)
            self.assertEqual(b"".join(rows), LOCAL.to_ndarray("mbo", "BTC-USD", to_seq=LAST).tobytes())
            self.assertEqual((len(ends), ends[0].transactions), (1, LAST))
            digests.add(ends[0].digest)
        self.assertEqual(len(digests), 1)

    def test_a_book_begins_with_a_snapshot_of_the_start(self):
        replay = self.replay(from_seq=700).subscribe("mbo", "ETH-USD", snapshot=True)
        book = None
        for event in replay:
            if isinstance(event, bourse.Frame):
                book = book or replay.book("ETH-USD")
                book.apply(event.rows)
        self.assertEqual(book.book_hash(), LOCAL.book("ETH-USD", seq=LAST).book_hash())

    def test_steps_pause_and_seeks_begin_every_stream_again(self):
        replay = self.replay(paused=True, stay=True).subscribe("mbo", "BTC-USD", snapshot=True)
        book, states = None, []
        plan = [lambda: replay.step(transactions=50), lambda: replay.seek(seq=800), lambda: replay.step(transactions=100),
                lambda: replay.seek(seq=400), lambda: replay.step(transactions=25)]
        for event in replay:
            if isinstance(event, bourse.Frame):
                book = book or replay.book("BTC-USD")
                book.apply(event.rows)
            elif isinstance(event, bourse.ReplayState) and event.state == "paused":
                if event.seq not in states:
                    states.append(event.seq)
                    if not plan:
                        break
                    plan.pop(0)()
        self.assertEqual(states[-3:], [899, 399, 424], "sought: the next one is the one that was asked for")
        self.assertEqual(book.book_hash(), LOCAL.book("BTC-USD", seq=424).book_hash())

    def test_a_range_outside_is_an_error_that_names_it(self):
        with self.assertRaises(bourse.RemoteError) as caught:
            for _ in self.replay(from_seq=10**9).subscribe("mbo", "BTC-USD"):
                pass
        self.assertIn(caught.exception.code, (4001, 4002))


class WhatIf(unittest.TestCase):
    def test_an_order_that_nobody_meets_changes_nothing(self):
        result = bourse.Sim(EXCHANGE.journal, to_seq=LAST).order("probe", "BTC-USD", "buy", "0.01", price="1.00", after_seq=300).run()
        self.assertEqual((result.fills, result.changed_trades, result.positions), ([], [], {}))
        self.assertEqual(result.order("probe")["filled"], "0")
        self.assertIn("counterfactual", repr(result))

    def test_an_order_that_takes_fills_and_takes_from_others(self):
        sim = bourse.Sim(EXCHANGE.journal, latency_us=250, to_seq=LAST)
        result = sim.order("take", "BTC-USD", "buy", "0.05", after_seq=400).run()
        best = LOCAL.book("BTC-USD", seq=400).best()
        self.assertEqual(sum(f.size for f in result.fills), result.positions["BTC-USD"])
        self.assertTrue(all(f.liquidity == "taker" and f.price > 0 for f in result.fills))
        self.assertGreaterEqual(float(result.fills[0].price), 0.9 * LOCAL.instrument("BTC-USD").price(best.ask.price))

    def test_the_place_in_the_queue_goes_forward(self):
        instrument, best = LOCAL.instrument("BTC-USD"), LOCAL.book("BTC-USD", seq=500).best()
        price = f"{instrument.decimal(best.bid.price):f}"
        result = bourse.Sim(EXCHANGE.journal, to_seq=LAST).order("join", "BTC-USD", "buy", "0.01", price=price, after_seq=500).cancel(
            "join", after_seq=1200).run()
        queue = result.queue("join")
        self.assertGreaterEqual(len(queue), 1)
        before = LOCAL.book("BTC-USD", seq=int(queue["after_seq"][0]))  # of the same nanosecond the record comes first
        there = next((level.size for level in before.levels(bourse.BID) if level.price == best.bid.price), 0)
        self.assertAlmostEqual(queue["ahead"][0], instrument.size(there), places=6)
        self.assertEqual((len(result.orders), result.orders[1]["action"]), (2, "cancel"))

    def test_a_wrong_order_is_told_with_its_line(self):
        with self.assertRaisesRegex(bourse.BourseError, "BTC-USF"):
            bourse.Sim(EXCHANGE.journal).order("x", "BTC-USF", "buy", "1", price="1", after_seq=10).run()
        with self.assertRaisesRegex(ValueError, "after_seq"):
            bourse.Sim(EXCHANGE.journal).order("x", "BTC-USD", "buy", "1", price="1")


if __name__ == "__main__":
    unittest.main()
