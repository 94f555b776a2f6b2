#!/usr/bin/python3
"""The history checker must find every lie: it is fed a true history, then the same with one thing changed."""
import copy
import random
import sys
import unittest
import zlib

from history import Frame, History, Subscriber, SymbolRows, Trader, Truth, faults

ROW = 8
SYMBOL = "EX.A"


def true_history(seed):
    """A journal with two epochs and clients who were told parts of it."""
    rng = random.Random(seed)
    sequences, data = [], b""
    accepted, executions, rejected = {}, {}, set()
    client_seqs, exec_seqs = {7: 0, 8: 0}, {7: 0, 8: 0}
    told = {7: [], 8: []}
    for sequence in range(1, 401):
        for _ in range(rng.choice((0, 1, 1, 2))):
            sequences.append(sequence)
            data += rng.randbytes(ROW)
        account = rng.choice((7, 8))
        client_seqs[account] += 1
        exec_seqs[account] += 1
        executions[account, exec_seqs[account]] = sequence
        if rng.random() < 0.1:
            rejected.add((account, client_seqs[account]))
        else:
            accepted[account, client_seqs[account]] = [sequence]
        told[account].append((client_seqs[account], exec_seqs[account], sequence))
    truth = Truth(400, [(1, 1), (200, 2)], accepted, rejected, executions, {SYMBOL: SymbolRows(sequences, data, ROW)})
    history = History()
    for account, answers in told.items():
        trader = Trader(account, sent=len(answers), exec_last=exec_seqs[account])
        for client_seq, execution, sequence in answers[:-5]:  # some answers never came
            trader.fills[execution] = sequence
            if (account, client_seq) in rejected:
                trader.rejected[client_seq].add(5001)
            else:
                trader.accepted[client_seq].add(sequence)
        history.traders.append(trader)
    for index in range(3):
        begin = rng.randrange(1, 100)
        subscriber = Subscriber(f"s{index}", SYMBOL, begin)
        position = begin - 1
        while position < 380:
            last = position + rng.randrange(1, 9)
            # A frame is of one epoch.
            if position < 199 < last:
                last = 199
            rows = truth.rows[SYMBOL].between(position, last)
            subscriber.frames.append(Frame(position, position + 1, last, 1 if last < 200 else 2, zlib.crc32(rows), len(rows) // ROW))
            position = last
        history.subscribers.append(subscriber)
    return history, truth


class HistoryChecker(unittest.TestCase):
    def setUp(self):
        self.seed = random.SystemRandom().randrange(2**32)
        print(f"seed {self.seed}")
        self.history, self.truth = true_history(self.seed)

    def expect(self, kind):
        found = faults(self.history, self.truth)
        self.assertTrue(found, "the lie was not found")
        self.assertTrue(any(line.startswith(kind) for line in found), found)

    def test_a_true_history_has_no_fault(self):
        for seed in range(20):
            self.assertEqual(faults(*true_history(seed)), [])

    def test_an_acknowledged_order_that_is_lost(self):
        client_seq = next(iter(self.history.traders[0].accepted))
        del self.truth.accepted[7, client_seq]
        self.expect("acknowledged order lost")

    def test_an_acknowledged_order_under_another_number(self):
        client_seq = next(iter(self.history.traders[1].accepted))
        self.truth.accepted[8, client_seq] = [self.truth.accepted[8, client_seq][0] + 1]
        self.expect("acknowledged order lost")

    def test_an_order_that_is_in_the_journal_twice(self):
        client_seq = next(iter(self.history.traders[0].accepted))
        self.truth.accepted[7, client_seq].append(399)
        self.expect("order doubled")

    def test_an_order_that_was_acknowledged_twice(self):
        client_seq = next(iter(self.history.traders[0].accepted))
        self.history.traders[0].accepted[client_seq].add(399)
        self.expect("acknowledged twice")

    def test_an_order_that_was_rejected_and_accepted(self):
        client_seq = next(iter(self.history.traders[0].accepted))
        self.history.traders[0].rejected[client_seq].add(9003)
        self.expect("rejected and accepted")

    def test_a_report_that_the_journal_does_not_have(self):
        execution = next(iter(self.history.traders[0].fills))
        del self.truth.executions[7, execution]
        self.expect("report not in the journal")

    def test_a_frame_that_is_missing(self):
        del self.history.subscribers[0].frames[7]
        self.expect("chain broken")

    def test_a_frame_that_came_twice(self):
        frames = self.history.subscribers[0].frames
        frames.insert(7, copy.copy(frames[7]))
        self.expect("chain broken")

    def test_two_frames_in_the_wrong_order(self):
        frames = self.history.subscribers[0].frames
        frames[3], frames[4] = frames[4], frames[3]
        self.expect("chain broken")

    def test_rows_that_are_not_in_the_journal(self):
        frame = next(f for f in self.history.subscribers[1].frames if f.rows)
        frame.crc ^= 1
        self.expect("not what the journal has")

    def test_rows_that_were_left_out_of_a_frame(self):
        rows = self.truth.rows[SYMBOL]
        frame = next(f for f in self.history.subscribers[2].frames if f.rows > 1)
        frame.crc = zlib.crc32(rows.between(frame.prev, frame.last)[ROW:])
        self.expect("not what the journal has")

    def test_a_subscriber_who_was_told_more_than_there_is(self):
        self.truth.last = 300
        self.expect("beyond the journal")

    def test_a_subscriber_who_saw_an_epoch_that_was_not(self):
        frame = next(f for f in self.history.subscribers[0].frames if f.first >= 200)
        frame.epoch = 1
        self.expect("wrong epoch")

    def test_an_epoch_that_goes_back(self):
        self.truth.epochs.append((300, 1))
        self.expect("epoch went back")

    def test_a_refusal_that_a_server_must_never_give(self):
        self.history.subscribers[0].errors.append("4003 wrong_epoch")
        self.expect("told what must not be")


if __name__ == "__main__":
    sys.exit(unittest.main())
