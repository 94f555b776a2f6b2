"""A journal on disk as arrays and tables: sealed, compressed and open segments, also while an exchange writes it.

    journal = bourse.open("journal/")
    journal.to_df("trades", "BTC-USD", start="2026-01-05T14:30")
"""
from __future__ import annotations

import os
import re
from typing import Any, Callable, Iterator, Sequence

import numpy as np

from . import extract, snapshot, tables, watermark
from .book import Book
from .errors import JournalError, RangeError, UnknownSymbol
from .extract import Columns, Events, Transaction
from .instrument import Instrument
from .records import BBO, EVENT, IMBALANCE, MBO, STATUS, TRADE, CommandType, Kind, Rows
from .segment import HEADER_BYTES, Offsets, Segment, Words
from .times import Time, nanoseconds, text

Symbols = str | Sequence[str] | None
_NAME = re.compile(r"^(\d{20})-([0-9a-f]{8})\.(seg|seg\.zst|open)$")
# schema: the kinds of events it is made of (None = all), its columns, its rows
_SCHEMAS: dict[str, tuple[frozenset[Kind] | None, Callable[[Events], Columns], np.dtype[Any]]] = {
    "mbo": (None, extract.mbo_columns, MBO),
    "trades": (extract.TRADES, extract.trade_columns, TRADE),
    "status": (frozenset({Kind.STATUS}), extract.status_columns, STATUS),
    "imbalance": (frozenset({Kind.IMBALANCE}), extract.imbalance_columns, IMBALANCE),
    "events": (None, extract.event_columns, EVENT),
    "bbo": (None, extract.event_columns, BBO),  # made by a Book
}
SCHEMAS = tuple(_SCHEMAS)


class Journal:
    """Reads only, takes no lock, needs no server. `refresh` sees what has been written since."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = os.fspath(directory)
        self.segments: list[Segment] = []
        self._cache: tuple[Segment, Words] | None = None
        self._instruments: dict[int, Instrument] | None = None
        self._ranges: list[tuple[int, int]] = []
        self.refresh()

    def refresh(self) -> None:
        if not os.path.isdir(self.directory):
            raise JournalError(f"{self.directory}: there is no such directory; bourse serve --journal says where it writes")
        named: dict[str, Segment] = {}
        is_live = watermark.is_being_written(self.directory)
        mark = watermark.read(self.directory)
        for name in sorted(os.listdir(self.directory)):
            match = _NAME.match(name)
            if match and (match[3] != "seg.zst" or match[1] not in named):  # a raw file beside a compressed one counts
                known = next((s for s in self.segments if s.name == name and not s.is_open), None)
                try:
                    named[match[1]] = known or Segment(os.path.join(self.directory, name))
                except FileNotFoundError:  # it was sealed, compressed or deleted in this moment
                    return self.refresh()
        if not named:
            raise JournalError(f"{self.directory}: no segment of a journal in it (files like {'0' * 19}1-00000001.seg)")
        self.segments = sorted(named.values(), key=lambda s: s.header.number)
        self._check_chain()
        self._released = None
        self._mark = mark
        newest = self.segments[-1]
        if is_live and mark and newest.is_open and mark.segment_number == newest.header.number:
            newest.limit(mark.written_offset)
        if is_live and mark:
            self._released = mark.released_sequence
        self._cache, self._instruments, self._ranges = None, None, []

    def _check_chain(self) -> None:
        for before, after in zip(self.segments, self.segments[1:]):
            if after.header.journal != before.header.journal:
                raise JournalError(f"{after.path}: a segment of another journal")
            if after.header.number != before.header.number + 1 or before.is_open:
                raise JournalError(f"{self.directory}: segment {before.header.number + 1} is missing between {before.name} and {after.name}")

    _released: int | None = None

    # Where things are.
    def _words(self, segment: Segment) -> Words:
        if self._cache is None or self._cache[0] is not segment:
            self._cache = segment, segment.words()
        return self._cache[1]

    def _offsets(self, segment: Segment) -> tuple[Words, Offsets, int]:
        words = self._words(segment)
        mark = self._mark
        trusted = mark.durable_offset if mark and mark.segment_number == segment.header.number else HEADER_BYTES
        records = segment.records(words, trusted)
        offsets = records.offsets
        if self._released is not None and records.last_sequence > self._released:
            offsets = offsets[:max(0, self._released - records.first_sequence + 1)]
        return words, offsets, records.first_sequence

    def _bounds(self) -> list[tuple[int, int]]:
        """First and last sequence of each segment; only the newest is walked for it."""
        if not self._ranges:
            first = [s.header.base_sequence for s in self.segments]
            _, offsets, base = self._offsets(self.segments[-1])
            self._ranges = [*((a, b - 1) for a, b in zip(first, first[1:])), (first[-1], base + len(offsets) - 1)]
        return self._ranges

    @property
    def first_seq(self) -> int:
        return self._bounds()[0][0]

    @property
    def last_seq(self) -> int:
        return self._bounds()[-1][1]

    @property
    def start(self) -> int:
        """Time of the first transaction, nanoseconds UTC."""
        return self._time_of(self.first_seq)

    @property
    def end(self) -> int:
        return self._time_of(self.last_seq)

    @property
    def is_empty(self) -> bool:
        """Nothing has been written yet: a journal that has just been made. `refresh` looks again."""
        return self.last_seq < self.first_seq

    def _time_of(self, seq: int) -> int:
        for transaction in () if self.is_empty else self.transactions(from_seq=seq, to_seq=seq):
            return transaction.time
        raise RangeError(f"{self.directory} has no transaction yet; refresh() sees what is written since")

    def _extent(self) -> str:
        if self.is_empty:
            return "no transaction yet"
        return f"sequences {self.first_seq} to {self.last_seq}, {text(self.start)} to {text(self.end)}"

    @property
    def instruments(self) -> dict[int, Instrument]:
        """By number. The first call looks at every command of the journal."""
        if self._instruments is None:
            found: dict[int, Instrument] = {}
            if self.first_seq > 1:
                for at in self._snapshots():
                    found |= {i.id: i for i in at.instruments()}
            for segment in self.segments:
                words, offsets, _ = self._offsets(segment)
                kind = words[(offsets >> 3) + 9] & np.uint64(0xFF)
                defining = (kind == CommandType.DEFINE_INSTRUMENT) | (kind == CommandType.CHANGE_INSTRUMENT)
                for offset in offsets[defining].tolist():
                    transaction = Transaction(words, offset)
                    for event in transaction.events:
                        if event["kind"] == Kind.DEFINITION:
                            number = int(event["symbol"])
                            found[number] = snapshot.definition_of(number, transaction.command_bytes[48:], transaction.sequence)
            self._instruments = found
        return self._instruments

    @property
    def symbols(self) -> list[str]:
        return [i.symbol for i in self.instruments.values()]

    def instrument(self, symbol: str) -> Instrument:
        for instrument in self.instruments.values():
            if instrument.symbol == symbol:
                return instrument
        raise UnknownSymbol(symbol, self.symbols)

    def _snapshots(self) -> list[snapshot.Snapshot]:
        return snapshot.all_of(self.directory, self.segments[0].header.journal)

    # Reading.
    def _spans(self, start: Time | None = None, end: Time | None = None, from_seq: int | None = None,
               to_seq: int | None = None) -> Iterator[tuple[Words, Offsets]]:
        """Words and the byte offsets of the transactions in a range, segment by segment. `end` is exclusive, `to_seq` inclusive."""
        low = self.first_seq if from_seq is None else from_seq
        high = self.last_seq if to_seq is None else to_seq
        if low < self.first_seq or low > self.last_seq + 1 or high > self.last_seq:
            raise RangeError(f"sequences {low} to {high}: {self.directory} has {self.first_seq} to {self.last_seq}")
        after = nanoseconds(start) if start is not None else None
        before = nanoseconds(end) if end is not None else None
        for segment, (first, last) in zip(list(self.segments), list(self._bounds())):
            if last < low or first > high:
                continue
            words, offsets, base = self._offsets(segment)
            offsets = offsets[max(0, low - base):max(0, high - base + 1)]
            if after is not None or before is not None:
                time = words[(offsets >> 3) + 2]
                begin = 0 if after is None else int(np.searchsorted(time, np.uint64(max(0, after))))
                stop = len(time) if before is None else int(np.searchsorted(time, np.uint64(max(0, before))))
                offsets = offsets[begin:stop]
                if before is not None and stop == 0 and len(time):
                    return
            if len(offsets):
                yield words, offsets

    def transactions(self, start: Time | None = None, end: Time | None = None, from_seq: int | None = None,
                     to_seq: int | None = None) -> Iterator[Transaction]:
        """Each record, without a copy."""
        for words, offsets in self._spans(start, end, from_seq, to_seq):
            for offset in offsets.tolist():
                yield Transaction(words, offset)

    def _ids(self, symbols: Symbols) -> list[int] | None:
        if symbols is None:
            return None
        return [self.instrument(s).id for s in ([symbols] if isinstance(symbols, str) else symbols)]

    def _blocks(self, schema: str, symbols: Symbols, **bounds: Any) -> Iterator[Columns]:
        """Columns in ticks and lots, a few thousand rows at a time."""
        if schema not in SCHEMAS:
            raise ValueError(f"schema {schema!r}: one of {', '.join(SCHEMAS)}")
        if schema == "bbo":
            yield from self._bbo(symbols, **bounds)
            return
        kinds, make, _ = _SCHEMAS[schema]
        ids = self._ids(symbols)
        for words, offsets in self._spans(**bounds):
            for part in extract.blocks(offsets):
                yield make(extract.events_of(words, part, ids, kinds))

    def _bbo(self, symbols: Symbols, **bounds: Any) -> Iterator[Columns]:
        books: dict[int, Book] = {}
        for words, offsets in self._spans(**bounds):
            first = int(words[(offsets[0] >> 3) + 1])
            for name in self.symbols if symbols is None else [symbols] if isinstance(symbols, str) else symbols:
                number = self.instrument(name).id
                if number not in books:
                    books[number] = self.book(name, seq=first - 1)
                rows = extract.event_rows(extract.events_of(words, offsets, [number], None))
                changes = books[number].bbo(rows)
                if len(changes):
                    yield tables.to_ticks(changes, self.instruments)

    def _room(self, **bounds: Any) -> int:
        """Rows to expect, at most as a rule: more are possible."""
        return 2 * sum(len(offsets) for _, offsets in self._spans(**bounds))

    def event_blocks(self, symbol: str, **bounds: Any) -> Iterator[Rows]:
        """Rows of EVENT of one instrument, a few thousand at a time: what a Book takes."""
        number = self.instrument(symbol).id
        for words, offsets in self._spans(**bounds):
            for part in extract.blocks(offsets):
                rows = extract.event_rows(extract.events_of(words, part, [number], None))
                if len(rows):
                    yield rows

    def columns(self, schema: str = "mbo", symbols: Symbols = None, rows: int = 1 << 20, **bounds: Any) -> Iterator[Columns]:
        """Columns in ticks and lots, about `rows` at a time: a journal need not fit into memory."""
        collector = extract.Collector(rows + 4 * extract.BLOCK)
        for columns in self._blocks(schema, symbols, **bounds):
            collector.add(columns)
            if collector.count >= rows:
                yield collector.columns()
                collector = extract.Collector(rows + 4 * extract.BLOCK)
        if collector.count:
            yield collector.columns()

    def _all_columns(self, schema: str, symbols: Symbols, **bounds: Any) -> Columns:
        collector = extract.Collector(self._room(**bounds))
        for columns in self._blocks(schema, symbols, **bounds):
            collector.add(columns)
        if not collector.columns():
            raise RangeError(f"nothing in this range: {self.directory} has {self._extent()}")
        return collector.columns()

    def to_ndarray(self, schema: str = "mbo", symbols: Symbols = None, **bounds: Any) -> Rows:
        """Rows as they come over the wire (prices 1e-9); "events": as they lie in the journal (ticks and lots).
        Bounds everywhere: start, end (times; end is exclusive), from_seq, to_seq (inclusive)."""
        if schema not in SCHEMAS:
            raise ValueError(f"schema {schema!r}: one of {', '.join(SCHEMAS)}")
        collector = extract.Collector(self._room(**bounds), _SCHEMAS[schema][2])
        for columns in self._blocks(schema, symbols, **bounds):
            collector.add(columns if schema == "events" else tables.to_wire(columns, self.instruments))
        return collector.rows()

    def to_df(self, schema: str = "mbo", symbols: Symbols = None, prices: str = "ticks", sizes: str = "lots",
              times: str = "datetime", **bounds: Any) -> Any:
        """A pandas DataFrame; units as in bourse.tables."""
        return tables.to_df(self._all_columns(schema, symbols, **bounds), self.instruments, prices, sizes, times)

    def to_polars(self, schema: str = "mbo", symbols: Symbols = None, prices: str = "ticks", sizes: str = "lots", **bounds: Any) -> Any:
        return tables.to_polars(self._all_columns(schema, symbols, **bounds), self.instruments, prices, sizes)

    def to_csv(self, path: str, schema: str = "mbo", symbols: Symbols = None, prices: str = "decimal", sizes: str = "decimal",
               times: str = "ns", **bounds: Any) -> int:
        """Streams; the number of rows."""
        return tables.write_csv(path, self.columns(schema, symbols, **bounds), self.instruments, prices, sizes, times)

    def to_parquet(self, path: str, schema: str = "mbo", symbols: Symbols = None, prices: str = "ticks", sizes: str = "lots",
                   **bounds: Any) -> int:
        """Streams; needs pyarrow."""
        return tables.write_parquet(path, self.columns(schema, symbols, **bounds), self.instruments, prices, sizes)

    def replay(self, callback: Callable[[Any], object], schema: str = "mbo", symbols: Symbols = None, **bounds: Any) -> int:
        """Calls `callback(record)` for each row in the order of the log; fields are attributes (record.price). How many."""
        count = 0
        for columns in self._blocks(schema, symbols, **bounds):
            collector = extract.Collector(len(columns["seq"]), _SCHEMAS[schema][2])
            collector.add(columns if schema == "events" else tables.to_wire(columns, self.instruments))
            for record in collector.rows().view(np.recarray):
                callback(record)
            count += collector.count
        return count

    def reports(self, from_seq: int | None = None, to_seq: int | None = None) -> tuple[Rows, Any]:
        """All accounts' reports (private), and the sequence of each."""
        parts = [extract.report_rows(w, o) for w, o in self._spans(from_seq=from_seq, to_seq=to_seq)]
        if not parts:
            raise RangeError(f"nothing in this range: {self.directory} has {self._extent()}")
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])

    def commands(self, from_seq: int | None = None, to_seq: int | None = None) -> Rows:
        parts = [extract.command_rows(w, o) for w, o in self._spans(from_seq=from_seq, to_seq=to_seq)]
        if not parts:
            raise RangeError(f"nothing in this range: {self.directory} has {self._extent()}")
        return np.concatenate(parts)

    # Books.
    def book(self, symbol: str, seq: int | None = None, ts: Time | None = None) -> Book:
        """The book after this sequence, or of all that happened up to this time: the newest snapshot or keyframe before it,
        rolled forward."""
        instrument = self.instrument(symbol)
        if seq is None:
            seq = self.last_seq if ts is None else self.seq_at(ts)
        if not self.first_seq - 1 <= seq <= self.last_seq:
            raise RangeError(f"sequence {seq}: {self.directory} has {self.first_seq} to {self.last_seq}")
        book = Book(instrument)
        begin = 1
        for at in reversed(self._snapshots()):
            if at.sequence <= seq:
                begin = at.sequence + 1
                for market in at.market():
                    if int(market["symbol"]) == instrument.id:
                        book.restore(at.orders(market), int(market["bids"]), int(market["rpt_sequence"]), at.sequence, at.time)
                break
        if begin < self.first_seq:
            raise RangeError(f"{self.directory} begins with {self.first_seq}, and no snapshot at or before {seq} is left")
        if begin <= seq:
            for rows in self.event_blocks(symbol, from_seq=begin, to_seq=seq):
                book.apply(rows)
            book.seq = seq
        return book

    def seq_at(self, ts: Time) -> int:
        """The last sequence that is not later than this time; first_seq - 1 if all are."""
        moment, best = np.uint64(max(0, nanoseconds(ts))), self.first_seq - 1
        for segment in self.segments:
            words, offsets, base = self._offsets(segment)
            count = int(np.searchsorted(words[(offsets >> 3) + 2], moment, "right"))
            if count:
                best = base + count - 1
            if count < len(offsets):
                break
        return best

    def verify(self) -> int:
        """Compares every record with its checksum; how many. The first that differs raises DamagedError."""
        return sum(segment.verify(self._words(segment)) for segment in self.segments)

    def __repr__(self) -> str:
        return f"<Journal {self.directory}: {len(self.segments)} segments, sequences {self.first_seq} to {self.last_seq}>"

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><td>{i.id}<td>{i.symbol}<td>{i.tick:f}<td>{i.lot:f}" for i in self.instruments.values())
        return (f"<b>{self.directory}</b> {self._extent()}<table><tr><th>id<th>symbol<th>tick<th>lot{rows}</table>")


def open(directory: str | os.PathLike[str]) -> Journal:
    return Journal(directory)


def book_at(source: str | os.PathLike[str] | Journal, symbol: str, seq: int | None = None, ts: Time | None = None) -> Book:
    return (source if isinstance(source, Journal) else Journal(source)).book(symbol, seq, ts)
