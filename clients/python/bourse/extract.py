"""Events of a segment as columns: one gather per column, from the mapped file straight into contiguous arrays."""
from __future__ import annotations

import dataclasses
from typing import Any, Collection, Iterator

import numpy as np
import numpy.typing as npt

from .records import COMMAND, EVENT, NO_PRICE, PUBLIC_EVENT, REPORT, EventFlag, Kind, Rows
from .segment import Offsets, Words

Columns = dict[str, npt.NDArray[Any]]
BLOCK = 1 << 14

# Letters of the wire by number in the journal.
_ACTIONS = np.frombuffer(b"NAMCETRNNNN", "S1")
_SIDES = np.frombuffer(b"NBA", "S1")
TRADES = frozenset({Kind.EXECUTE, Kind.TRADE, Kind.BUST})


@dataclasses.dataclass(frozen=True, slots=True)
class Events:
    """Some events of a few records: eight words each, gathered at once, and where each one's record begins."""
    words: Words
    record: Offsets                  # in words
    fields: npt.NDArray[np.uint64]   # (events, 8)

    @property
    def kind(self) -> npt.NDArray[np.uint8]:
        return self.fields[:, 0].astype(np.uint8)

    @property
    def side(self) -> npt.NDArray[np.uint8]:
        return (self.fields[:, 0] >> np.uint64(8)).astype(np.uint8)

    @property
    def flags(self) -> npt.NDArray[np.uint16]:
        return (self.fields[:, 0] >> np.uint64(16)).astype(np.uint16)

    @property
    def symbol(self) -> npt.NDArray[np.uint32]:
        return (self.fields[:, 0] >> np.uint64(32)).astype(np.uint32)

    def field(self, word: int) -> npt.NDArray[np.uint64]:
        return self.fields[:, word]

    @property
    def price(self) -> npt.NDArray[np.int64]:
        return self.fields.view(np.int64)[:, 2]

    @property
    def seq(self) -> npt.NDArray[np.uint64]:
        return self.words[self.record + 1]

    @property
    def time(self) -> npt.NDArray[np.uint64]:
        return self.words[self.record + 2]

    def only(self, wanted: npt.NDArray[np.bool_]) -> Events:
        return Events(self.words, self.record[wanted], self.fields[wanted])


def blocks(offsets: Offsets) -> Iterator[Offsets]:
    """So many records at a time that what is made of them stays in the cache until it is copied to its place."""
    for begin in range(0, len(offsets), BLOCK):
        yield offsets[begin:begin + BLOCK]


def events_of(words: Words, offsets: Offsets, symbols: Collection[int] | None, kinds: Collection[int] | None) -> Events:
    """The public events of the transactions at these byte offsets, in order."""
    record = offsets >> 3
    counts = (words[record + 4] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    some = counts > 0
    if not some.all():
        record, counts = record[some], counts[some]
    first = record + 7 + (words[record + 5] >> np.uint64(3) & np.uint64(0x1FFF)).astype(np.int64)
    if len(counts) and counts.max() > 1:
        begin = np.cumsum(counts) - counts
        at = np.repeat(first - 8 * begin, counts) + 8 * np.arange(counts.sum())
        record = np.repeat(record, counts)
    else:
        at = first
    if symbols is not None or kinds is not None:
        head = words[at]
        wanted = np.ones(len(at), bool)
        if symbols is not None:
            number = head >> np.uint64(32)
            wanted &= np.isin(number, list(symbols)) if len(symbols) != 1 else number == next(iter(symbols))
        if kinds is not None:
            table = np.zeros(256, bool)
            table[list(kinds)] = True
            wanted &= table[(head & np.uint64(0xFF)).astype(np.uint8)]
        at, record = at[wanted], record[wanted]
    windows = np.lib.stride_tricks.as_strided(words, (max(0, len(words) - 7), 8), (8, 8), writeable=False)
    return Events(words, record, windows[at])


class Collector:
    """Columns, block by block, each into its place of one array. Room that is not used costs nothing."""

    def __init__(self, rows: int, dtype: np.dtype[Any] | None = None) -> None:
        self._room, self.count = max(rows, 1), 0
        self._rows = np.empty(self._room, dtype) if dtype is not None else None
        self._columns: Columns = {}

    def add(self, columns: Columns) -> None:
        size = len(next(iter(columns.values())))
        while self.count + size > self._room:
            self._room *= 2
            self._columns = {n: np.resize(v, self._room) for n, v in self._columns.items()}
            if self._rows is not None:
                self._rows = np.resize(self._rows, self._room)
        place = slice(self.count, self.count + size)
        if self._rows is not None:
            part = self._rows[place]
            if len(columns) < len(self._rows.dtype.names or ()):
                part[...] = np.zeros(1, self._rows.dtype)
            for name, values in columns.items():
                part[name] = values
        else:
            for name, values in columns.items():
                if name not in self._columns:
                    self._columns[name] = np.empty(self._room, values.dtype)
                self._columns[name][place] = values
        self.count += size

    def rows(self) -> Rows:
        assert self._rows is not None
        return self._rows[:self.count]

    def columns(self) -> Columns:
        return {n: v[:self.count] for n, v in self._columns.items()}


def mbo_columns(e: Events) -> Columns:
    """In ticks and lots; names and letters of the wire's MboEvent. `aux` of a modify is lots too."""
    kind = e.kind
    order_id = e.field(1)
    printed = kind == Kind.TRADE
    if printed.any():
        order_id = np.where(printed, e.field(5), order_id)
    aux, indicated = e.field(4), kind == Kind.IMBALANCE
    if indicated.any():
        order_id, aux = np.where(indicated, 0, order_id), np.where(indicated, aux & 0xff, aux)
    return {"seq": e.seq, "ts_event": e.time, "order_id": order_id, "price": e.price, "size": e.field(3),
            "aux": aux, "rpt_seq": e.field(7), "instrument_id": e.symbol, "action": _ACTIONS[np.minimum(kind, 10)],
            "side": _SIDES[np.minimum(e.side, 2)], "flags": e.flags}


def trade_columns(e: Events) -> Columns:
    """Of events of the kinds TRADES, as the channel `trade` tells them: aggressor's side, voids, one row per auction match."""
    other_side = e.flags & EventFlag.AUCTION_OTHER_SIDE != 0
    if other_side.any():
        e = e.only(~other_side)
    kind, flags, side = e.kind, e.flags, e.side
    is_bust, is_book, is_auction = kind == Kind.BUST, kind == Kind.EXECUTE, (flags & EventFlag.AUCTION) != 0
    aggressor = np.where(is_book & (side > 0), 3 - side, side)
    aggressor = np.where(is_bust | is_auction, 0, aggressor)
    letter = np.where(is_book, b"B", b"X").astype("S1")
    letter[is_auction] = b"A"
    letter[is_bust] = b"V"
    maker, taker = np.where(is_bust, 0, e.field(1)), np.where(is_bust, 0, e.field(5))
    return {"seq": e.seq, "ts_event": e.time, "price": e.price, "size": e.field(3), "match_id": e.field(4),
            "maker_order_id": maker, "taker_order_id": taker, "rpt_seq": e.field(7), "instrument_id": e.symbol,
            "kind": letter, "side": _SIDES[np.minimum(aggressor, 2)], "flags": flags}


def status_columns(e: Events) -> Columns:
    action = e.field(4).astype(np.uint16)
    return {"seq": e.seq, "ts_event": e.time, "rpt_seq": e.field(7), "instrument_id": e.symbol, "action": action,
            "reason": np.zeros(len(action), np.uint16), "trading_event": np.zeros(len(action), np.uint16),
            "is_trading": np.where(action == 7, b"Y", b"N").astype("S1"), "is_quoting": np.full(len(action), b"~", "S1"), "flags": e.flags}


def imbalance_columns(e: Events) -> Columns:
    price, phase = e.price, e.field(4) & 0xff
    letter = np.full(len(phase), b"V", "S1")
    letter[phase == 2], letter[phase == 6] = b"O", b"C"
    # How far the collars are above the reference, 28 bits each (docs/JOURNAL.md).
    upper, lower = e.field(4).astype(np.int64) << 28 >> 36, e.field(4).astype(np.int64) >> 36
    reference = e.field(5).astype(np.int64)
    none = upper == lower
    return {"seq": e.seq, "ts_event": e.time, "ts_auction": e.field(1), "ref_price": reference, "clear_price": price,
            "upper_collar": np.where(none, NO_PRICE, reference + upper), "lower_collar": np.where(none, NO_PRICE, reference + lower),
            "paired_qty": e.field(3), "imbalance_qty": e.field(6),
            "instrument_id": e.symbol, "side": _SIDES[np.minimum(e.side, 2)], "auction_type": letter,
            "auction_status": (price != NO_PRICE).astype(np.uint8), "freeze": np.zeros(len(phase), np.uint8)}


def event_rows(e: Events) -> Rows:
    """Rows of EVENT: what lies in the journal, with sequence and time of the transaction before it."""
    out = np.empty((len(e.record), 10), np.uint64)
    out[:, 0], out[:, 1], out[:, 2:] = e.seq, e.time, e.fields
    rows: Rows = out.reshape(-1).view(EVENT)
    return rows


def event_columns(e: Events) -> Columns:
    return {"seq": e.seq, "ts_event": e.time, "kind": e.kind, "side": e.side, "flags": e.flags, "symbol": e.symbol,
            "order_id": e.field(1), "price": e.price, "quantity": e.field(3), "aux": e.field(4),
            "taker_order_id": e.field(5), "leaves": e.field(6), "rpt_sequence": e.field(7)}


def command_rows(words: Words, offsets: Offsets) -> Rows:
    """The commands, without the client order id; the body is that of orders: other types are read from `Transaction.command`."""
    at = (offsets >> 3) + 7
    rows: Rows = words[at[:, None] + np.arange(15)].reshape(-1).view(COMMAND)
    return rows


def report_rows(words: Words, offsets: Offsets) -> tuple[Rows, npt.NDArray[np.uint64]]:
    """Reports without the client order id, and the sequence of each. They are private: the file's owner may read them."""
    record = offsets >> 3
    public = (words[record + 4] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    counts = (words[record + 4] >> np.uint64(32)).astype(np.int64)
    some = counts > 0
    record, public, counts = record[some], public[some], counts[some]
    sizes = words[record + 5]
    first = record + 7 + ((sizes & np.uint64(0xFFFF)) >> np.uint64(3)).astype(np.int64) + 8 * public
    stride = ((sizes >> np.uint64(16) & np.uint64(0xFFFF)) >> np.uint64(3)).astype(np.int64)
    index = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    at = np.repeat(first, counts) + index * np.repeat(stride, counts)
    rows: Rows = words[at[:, None] + np.arange(13)].reshape(-1).view(REPORT)
    return rows, np.repeat(words[record + 1], counts)


@dataclasses.dataclass(frozen=True, slots=True)
class Transaction:
    """One record, as views of the segment's bytes."""
    words: Words
    offset: int

    @property
    def sequence(self) -> int:
        return int(self.words[self.offset // 8 + 1])

    @property
    def time(self) -> int:
        return int(self.words[self.offset // 8 + 2])

    @property
    def state_hash(self) -> int:
        return int(self.words[self.offset // 8 + 6])

    @property
    def _counts(self) -> tuple[int, int, int, int]:
        counts, sizes = int(self.words[self.offset // 8 + 4]), int(self.words[self.offset // 8 + 5])
        return counts & 0xFFFFFFFF, counts >> 32, sizes & 0xFFFF, sizes >> 16 & 0xFFFF

    @property
    def command(self) -> Rows:
        """One row of COMMAND; command_bytes has the whole."""
        return np.frombuffer(self.words.data, COMMAND, 1, self.offset + 56)

    @property
    def command_bytes(self) -> bytes:
        size = self._counts[2]
        return self.words.data.cast("B")[self.offset + 56:self.offset + 56 + size].tobytes()

    @property
    def events(self) -> Rows:
        """Rows of PUBLIC_EVENT: the file's own bytes."""
        public, _, command_bytes, _ = self._counts
        return np.frombuffer(self.words.data, PUBLIC_EVENT, public, self.offset + 56 + command_bytes)

    @property
    def reports(self) -> Rows:
        """Rows of REPORT, likewise, with the client order ids passed over."""
        public, count, command_bytes, exec_bytes = self._counts
        begin = self.offset + 56 + command_bytes + 64 * public
        dtype = np.dtype(REPORT.descr + ([("client_order_id", "S40")] if exec_bytes == 144 else []))
        return np.frombuffer(self.words.data, dtype, count, begin)
