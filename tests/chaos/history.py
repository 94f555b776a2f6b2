"""What clients saw and were told, and whether it can be true.

A `History` is written down by the clients of a run: every answer that a trader got, every frame that a subscriber
received. `Truth` is the journal that is left at the end. `faults(history, truth)` names everything in the history that the
journal contradicts; an empty list is the proof that nothing acknowledged was lost or doubled and that every
subscriber saw a part of one journal, without a hole and without a word that is not in it."""
from __future__ import annotations

import bisect
import collections
import dataclasses
import zlib

FAULTS_TOLD_MAX = 20  # of one kind; the rest are counted


@dataclasses.dataclass(slots=True)
class Frame:
    """One frame of a subscriber's stream."""
    prev: int   # header: prev_seq
    first: int
    last: int
    epoch: int
    crc: int    # zlib.crc32 of its rows as they came
    rows: int


@dataclasses.dataclass(slots=True)
class Subscriber:
    name: str
    symbol: str
    begin: int = 0                    # from_seq of its first subscription
    frames: list[Frame] = dataclasses.field(default_factory=list)
    errors: list[str] = dataclasses.field(default_factory=list)  # what the server said that it must never say
    reconnects: int = 0

    @property
    def last(self) -> int:
        return self.frames[-1].last if self.frames else self.begin - 1


@dataclasses.dataclass(slots=True)
class Trader:
    account: int
    # client_seq -> ids under which the order was acknowledged; one, if all is well
    accepted: dict[int, set[int]] = dataclasses.field(default_factory=lambda: collections.defaultdict(set))
    rejected: dict[int, set[int]] = dataclasses.field(default_factory=lambda: collections.defaultdict(set))
    fills: dict[int, int] = dataclasses.field(default_factory=lambda: collections.defaultdict(int))  # by exec_seq: seq
    exec_last: int = 0
    sent: int = 0
    exec_faults: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True)
class History:
    subscribers: list[Subscriber] = dataclasses.field(default_factory=list)
    traders: list[Trader] = dataclasses.field(default_factory=list)


class SymbolRows:
    """The public rows of one symbol in the journal: bytes by sequence."""

    def __init__(self, sequences: list[int], data: bytes, row_bytes: int) -> None:
        self.sequences, self.data, self.row_bytes = sequences, data, row_bytes

    def between(self, after: int, last: int) -> memoryview:
        """The rows of (after, last]."""
        begin = bisect.bisect_right(self.sequences, after)
        end = bisect.bisect_right(self.sequences, last)
        return memoryview(self.data)[begin * self.row_bytes:end * self.row_bytes]


@dataclasses.dataclass(slots=True)
class Truth:
    """The journal at the end."""
    last: int
    epochs: list[tuple[int, int]]                    # (first sequence, epoch), ascending
    accepted: dict[tuple[int, int], list[int]]       # (account, client_seq): order ids
    rejected: set[tuple[int, int]]
    executions: dict[tuple[int, int], int]           # (account, exec_seq): seq
    rows: dict[str, SymbolRows]

    def epoch_of(self, sequence: int) -> int:
        at = bisect.bisect_right(self.epochs, (sequence, 1 << 40)) - 1
        return self.epochs[at][1] if at >= 0 else 0


def read_truth(directory: str) -> Truth:
    """With the Python reader of segments, which shares no code with the exchange."""
    import bourse
    from bourse.records import MBO
    journal = bourse.open(directory)
    reports, sequences = journal.reports()
    accepted: dict[tuple[int, int], list[int]] = collections.defaultdict(list)
    rejected: set[tuple[int, int]] = set()
    executions: dict[tuple[int, int], int] = {}
    for report, sequence in zip(reports[["account", "client_sequence", "order_id", "exec_sequence", "type", "flags"]].tolist(),
                                sequences.tolist()):
        account, client_seq, order, execution, kind, flags = report
        executions[account, execution] = sequence
        if kind == 0:
            accepted[account, client_seq].append(order)
        elif kind in (5, 9) and not flags & 1:
            rejected.add((account, client_seq))
    epochs: list[tuple[int, int]] = []
    for segment_words, offsets in journal._spans():
        for offset in offsets.tolist():
            sequence = int(segment_words[(offset >> 3) + 1])
            epoch = int(segment_words[(offset >> 3) + 3]) & 0xFFFFFFFF
            if not epochs or epochs[-1][1] != epoch:
                epochs.append((sequence, epoch))
    rows = {}
    for symbol in journal.symbols:
        array = journal.to_ndarray("mbo", symbol)
        rows[symbol] = SymbolRows(array["seq"].tolist(), array.tobytes(), MBO.itemsize)
    return Truth(journal.last_seq, epochs, dict(accepted), rejected, executions, rows)


class Faults:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.counts: collections.Counter[str] = collections.Counter()

    def add(self, kind: str, text: str) -> None:
        self.counts[kind] += 1
        if self.counts[kind] <= FAULTS_TOLD_MAX:
            self.lines.append(f"{kind}: {text}")

    def all(self) -> list[str]:
        more = [f"{kind}: and {n - FAULTS_TOLD_MAX} more" for kind, n in self.counts.items() if n > FAULTS_TOLD_MAX]
        return self.lines + more


def check_epochs(truth: Truth, faults: Faults) -> None:
    for (_, before), (sequence, after) in zip(truth.epochs, truth.epochs[1:]):
        if after <= before:
            faults.add("epoch went back", f"from {before} to {after} at sequence {sequence}")


def _check_trader(trader: Trader, truth: Truth, faults: Faults) -> None:
    for client_seq, orders in trader.accepted.items():
        who = f"account {trader.account}, client_seq {client_seq}"
        in_journal = truth.accepted.get((trader.account, client_seq), [])
        if len(orders) > 1:
            faults.add("acknowledged twice", f"{who}: as orders {sorted(orders)}")
        for order in orders - set(in_journal):
            faults.add("acknowledged order lost", f"{who}: order {order}, the journal has {in_journal or 'none'}")
    for client_seq, codes in trader.rejected.items():
        if client_seq in trader.accepted:
            faults.add("rejected and accepted", f"account {trader.account}, client_seq {client_seq}: codes {sorted(codes)}")
        elif (trader.account, client_seq) not in truth.rejected:
            faults.add("rejection not in the journal", f"account {trader.account}, client_seq {client_seq}: codes {sorted(codes)}")
    for execution, sequence in trader.fills.items():
        told = truth.executions.get((trader.account, execution))
        if told != sequence:
            faults.add("report not in the journal", f"account {trader.account}: exec_seq {execution} was told with sequence {sequence}, "
                                                    f"the journal has {told}")
    for text in trader.exec_faults:
        faults.add("reports not in order", f"account {trader.account}: {text}")


def check_subscriber(subscriber: Subscriber, truth: Truth, faults: Faults) -> None:
    position = subscriber.begin - 1
    for text in subscriber.errors:
        faults.add("told what must not be", f"{subscriber.name}: {text}")
    rows = truth.rows.get(subscriber.symbol)
    for frame in subscriber.frames:
        at = f"{subscriber.name}, {subscriber.symbol}, frame {frame.first} to {frame.last}"
        if frame.prev != position:
            faults.add("chain broken", f"{at}: prev_seq {frame.prev} after {position}")
        if frame.first <= frame.prev or frame.last < frame.first:
            faults.add("frame out of order", f"{at}: prev_seq {frame.prev}")
        if frame.last > truth.last:
            faults.add("beyond the journal", f"{at}: it ends at {truth.last}")
        elif rows is None:
            faults.add("unknown symbol", at)
        elif zlib.crc32(rows.between(frame.prev, frame.last)) != frame.crc:
            there = len(rows.between(frame.prev, frame.last)) // rows.row_bytes
            faults.add("not what the journal has", f"{at}: {frame.rows} rows, the journal has {there}"
                                                   f"{'' if there != frame.rows else ' others'}")
        elif truth.epoch_of(frame.last) & 0xFFFF != frame.epoch & 0xFFFF and frame.epoch:
            faults.add("wrong epoch", f"{at}: epoch {frame.epoch}, the journal has {truth.epoch_of(frame.last)}")
        position = frame.last
    # What came after its last frame it has not been told of; that is no fault of a chain.


def faults(history: History, truth: Truth) -> list[str]:
    found = Faults()
    check_epochs(truth, found)
    for (account, client_seq), orders in truth.accepted.items():
        if client_seq and len(orders) > 1:
            found.add("order doubled", f"account {account}, client_seq {client_seq}: orders {orders}")
    for trader in history.traders:
        _check_trader(trader, truth, found)
    for subscriber in history.subscribers:
        check_subscriber(subscriber, truth, found)
    return found.all()


def summary(history: History, truth: Truth) -> str:
    acknowledged = sum(len(t.accepted) for t in history.traders)
    frames = sum(len(s.frames) for s in history.subscribers)
    return (f"{truth.last} transactions in {len(truth.epochs)} epochs; {acknowledged} orders acknowledged of "
            f"{sum(t.sent for t in history.traders)} sent by {len(history.traders)} traders; {frames} frames at "
            f"{len(history.subscribers)} subscribers, {sum(s.reconnects for s in history.subscribers)} reconnects")
