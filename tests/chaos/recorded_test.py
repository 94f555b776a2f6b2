#!/usr/bin/python3
"""The checker of what bourse_chaos_load was told must find every lie: it is fed a true record of a journal, through the files
that the load client writes, and then the same with one thing changed."""
import json
import pathlib
import random
import sys
import tempfile
import unittest
import zlib

import numpy as np

from history import SymbolRows
from recorded import (BY_OUTCOME, BY_REPORT, NO_PRICE, PIECE, REFUSAL, TOLD, RecordedTruth, read, recorded_faults,
                      recorded_summary)

ROW = 64
SYMBOLS = ("EX.A", "EX.B")
LAST, NEW_EPOCH = 600, 300
ACCEPTED, FILL, CANCELED, REJECTED = 0, 1, 3, 5


def true_journal(rng):
    """Two epochs, two accounts, two symbols."""
    reports, sequences, data = {1: [], 2: []}, {s: [] for s in SYMBOLS}, {s: b"" for s in SYMBOLS}
    client_seqs = {1: 0, 2: 0}
    for sequence in range(1, LAST + 1):
        for symbol in SYMBOLS:
            for _ in range(rng.choice((0, 0, 1, 2))):
                sequences[symbol].append(sequence)
                data[symbol] += rng.randbytes(ROW)
        account = rng.choice((1, 2))
        client_seqs[account] += 1
        kinds = rng.choice(((ACCEPTED,), (ACCEPTED,), (ACCEPTED, FILL), (REJECTED,)))
        for kind in kinds:
            code = 5009 if kind == REJECTED else 0
            last_px = 10**11 if kind == FILL else NO_PRICE
            reports[account].append((len(reports[account]) + 1, sequence, sequence, client_seqs[account], 10**11, 10**6, last_px,
                                     10**6 if kind == FILL else 0, 0, code, kind, BY_REPORT))
    return RecordedTruth(LAST, [(1, 1), (NEW_EPOCH, 2)], {a: np.array(r, TOLD) for a, r in reports.items()},
                         {s: SymbolRows(np.array(sequences[s], np.uint64), data[s], ROW) for s in SYMBOLS})


def true_pieces(truth, symbol, number, begin, rng):
    """All of the symbol from `begin` on, in pieces that end where its rows do."""
    rows = truth.rows[symbol]
    all_sequences = rows.sequences.tolist()
    pieces, prev = [], begin - 1
    while left := [s for s in all_sequences if s > prev]:
        last = left[min(rng.randrange(20), len(left) - 1)]
        if left[0] < NEW_EPOCH <= last:
            last = max(s for s in left if s < NEW_EPOCH)
        here = rows.between(prev, last)
        before = sum(s <= prev for s in all_sequences)
        count = len(here) // ROW
        pieces.append((prev, left[0], last, count, before + 1, before + count, zlib.crc32(here), number,
                       1 if last < NEW_EPOCH else 2, count))
        prev = last
    return pieces


def write_record(folder, truth, rng):
    """As the load client does."""
    traders, pieces, subscribers = [], [], []
    for account, reports in truth.reports.items():
        outcome = reports[reports["exec_type"] == ACCEPTED][:3].copy()
        outcome["told_by"] = BY_OUTCOME
        for name in ("price", "qty", "last_px", "last_qty"):
            outcome[name] = 0
        np.concatenate([reports, outcome]).tofile(folder / f"reports-{account}.bin")
        traders.append({"account": account, "unanswered": 0, "faults": []})
    np.array([(10**6, 1, 9005, 1)], REFUSAL).tofile(folder / "refusals.bin")
    for number in range(4):
        symbol, begin = SYMBOLS[number % 2], rng.choice((1, rng.randrange(2, 200)))
        pieces += true_pieces(truth, symbol, number, begin, rng)
        subscribers.append({"symbol": symbol, "begin": begin, "whole_up_to": LAST, "errors": []})
    rng.shuffle(pieces)
    pieces.sort(key=lambda p: p[0])  # of all subscribers, as they came
    np.array(pieces, PIECE).tofile(folder / "pieces.bin")
    (folder / "history.json").write_text(json.dumps({"end": LAST, "traders": traders, "subscribers": subscribers}), encoding="utf-8")


class RecordChecker(unittest.TestCase):
    def setUp(self):
        seed = random.SystemRandom().randrange(2**32)
        print(f"seed {seed}")
        self.make(random.Random(seed))

    def make(self, rng):
        with tempfile.TemporaryDirectory() as name:
            self.truth = true_journal(rng)
            write_record(pathlib.Path(name), self.truth, rng)
            self.recorded = read(name)
        self.trader, self.subscriber = self.recorded.traders[0], self.recorded.subscribers[1]
        self.journal = self.truth.reports[1]

    def expect(self, kind):
        found = recorded_faults(self.recorded, self.truth)
        self.assertTrue(any(line.startswith(kind) for line in found), found or "the lie was not found")

    def accepted_at(self, reports):
        return int(np.flatnonzero(reports["exec_type"] == ACCEPTED)[7])

    def test_a_true_record_has_no_fault(self):
        for seed in range(10):
            self.make(random.Random(seed))
            self.assertEqual(recorded_faults(self.recorded, self.truth), [])
        self.assertIn("600 transactions in 2 epochs", recorded_summary(self.recorded, self.truth))

    # Traders.
    def test_an_acknowledged_order_that_is_lost(self):
        self.truth.reports[1] = np.delete(self.journal, self.accepted_at(self.journal))
        self.expect("acknowledged order lost")

    def test_an_acknowledged_order_under_another_number(self):
        self.journal["order_id"][self.accepted_at(self.journal)] += 1
        self.expect("acknowledged order lost")

    def test_an_acknowledged_order_of_another_price(self):
        self.journal["price"][self.accepted_at(self.journal)] += 1
        self.expect("acknowledged order lost")

    def test_an_account_of_which_the_journal_knows_nothing(self):
        del self.truth.reports[1]
        self.expect("acknowledged order lost")

    def test_an_order_that_is_in_the_journal_twice(self):
        at = self.accepted_at(self.journal)
        self.journal["client_seq"][at + 1:][self.journal["exec_type"][at + 1:] == ACCEPTED] = self.journal["client_seq"][at]
        self.expect("order doubled")

    def test_an_order_that_is_in_the_journal_twice_and_of_which_nobody_was_told(self):
        del self.recorded.traders[0]
        self.test_an_order_that_is_in_the_journal_twice()

    def test_an_order_that_was_acknowledged_twice(self):
        again = self.trader.told[self.accepted_at(self.trader.told)].copy()
        again["order_id"], again["exec_seq"] = 599, self.trader.told["exec_seq"].max() + 1
        self.trader.told = np.append(self.trader.told, again)
        self.expect("acknowledged twice")

    def test_an_order_that_was_rejected_and_accepted(self):
        rejected = np.flatnonzero(self.trader.told["exec_type"] == REJECTED)[0]
        self.trader.told["client_seq"][rejected] = self.trader.told["client_seq"][self.accepted_at(self.trader.told)]
        self.expect("rejected and accepted")

    def test_a_fill_that_the_journal_does_not_have(self):
        self.trader.told["last_qty"][np.flatnonzero(self.trader.told["exec_type"] == FILL)[0]] += 1
        self.expect("report not in the journal")

    def test_an_outcome_that_is_not_what_became_of_the_order(self):
        self.trader.told["seq"][self.trader.told["told_by"] == BY_OUTCOME] += 1
        self.expect("acknowledged order lost")

    def test_a_report_that_never_came(self):
        self.trader.told = np.delete(self.trader.told, 5)
        self.expect("reports not in order")

    def test_a_report_that_came_twice(self):
        self.trader.told = np.insert(self.trader.told, 5, self.trader.told[5])
        self.expect("reports not in order")

    def test_an_order_that_was_executed_though_it_was_refused(self):
        self.trader.refused["client_seq"] = self.journal["client_seq"][self.accepted_at(self.journal)]
        self.expect("executed, though")

    def test_an_order_that_never_had_an_answer(self):
        self.trader.unanswered = 1
        self.expect("no answer")

    def test_an_answer_that_an_exchange_must_never_give(self):
        self.trader.faults.append('{"op":"error","code":5011}')
        self.expect("told what must not be")

    # Subscribers.
    def test_a_piece_that_is_missing(self):
        self.subscriber.pieces = np.delete(self.subscriber.pieces, 3)
        self.expect("chain broken")

    def test_a_piece_that_came_twice(self):
        self.subscriber.pieces = np.insert(self.subscriber.pieces, 3, self.subscriber.pieces[3])
        self.expect("chain broken")

    def test_rows_that_are_not_in_the_journal(self):
        self.subscriber.pieces["crc"][3] ^= 1
        self.expect("not what the journal has")

    def test_rows_of_another_symbol(self):
        self.subscriber.symbol = SYMBOLS[0]
        self.expect("not what the journal has")

    def test_events_that_are_not_numbered_densely(self):
        self.subscriber.pieces["rpt_first"][3:] += 1
        self.subscriber.pieces["rpt_last"][3:] += 1
        self.expect("rpt_seq broken")

    def test_a_piece_of_an_epoch_that_was_not(self):
        self.subscriber.pieces["epoch"][-1] = 1
        self.expect("wrong epoch")

    def test_a_chain_that_ends_too_early(self):
        self.subscriber.pieces = self.subscriber.pieces[:-1]
        self.expect("chain not to the end")

    def test_a_subscriber_who_was_not_told_how_far_it_goes(self):
        self.subscriber.whole_up_to = LAST - 1
        self.expect("chain not to the end")

    def test_a_subscriber_who_never_heard_anything(self):
        self.subscriber.begin, self.subscriber.pieces = 0, self.subscriber.pieces[:0]
        self.expect("chain not to the end")

    def test_a_subscriber_who_was_told_more_than_there_is(self):
        self.truth.last = 500
        self.expect("beyond the journal")

    def test_an_epoch_that_goes_back(self):
        self.truth.epochs.append((500, 1))
        self.expect("epoch went back")


if __name__ == "__main__":
    sys.exit(unittest.main())
