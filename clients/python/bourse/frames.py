"""Frames: binary messages of the feed, read without FlatBuffers and without a copy.

`Frame(data).rows` is a numpy view of the message's own bytes. What does not lie inside of the message is refused with
FrameError; reading never goes outside of it."""
from __future__ import annotations

import dataclasses
import functools
import struct
from typing import Any, Callable, TypeVar

import numpy as np

from .errors import FrameError
from .instrument import Instrument
from .records import (DEPTH10, EXEC, GAP, LEVEL_PAIR, NO_PRICE, ROW_TYPES, STREAM_POSITION, Channel, FrameFlag, Rows,
                      SystemCode)

_HEADER = struct.Struct("<QQQQIHBB")
_U32, _I32, _U16 = struct.Struct("<I"), struct.Struct("<i"), struct.Struct("<H")


@dataclasses.dataclass(frozen=True, slots=True)
class System:
    """What the server tells about the streams themselves."""
    code: SystemCode | int
    error_code: int
    stream_id: int
    ts: int
    journal_seq: int
    lag_ns: int
    lag_events: int
    gap: Rows | None
    positions: Rows
    text: str


Read = TypeVar("Read", bound=Callable[..., Any])


def _inside(read: Read) -> Read:
    """What points outside of the message is a FrameError."""
    @functools.wraps(read)
    def guarded(self: Frame) -> Any:
        try:
            return read(self)
        except struct.error as error:
            raise FrameError(f"a frame of {len(self.data)} bytes is cut short: {error}") from None
    return guarded  # type: ignore[return-value]


class Frame:
    """One message. `rows` is None for definitions and system frames."""
    __slots__ = ("data", "prev_seq", "first_seq", "last_seq", "ts_pub", "stream_id", "epoch", "channel", "flags", "_root",
                 "_vtable", "_vtable_bytes", "symbol")

    def __init__(self, data: bytes, symbol: str = "") -> None:
        self.data = data
        self.symbol = symbol
        try:
            if data[4:8] != b"TICK":
                raise FrameError(f"no frame: identifier {bytes(data[4:8])!r} at offset 4, b'TICK' expected")
            self._root = _U32.unpack_from(data, 0)[0]
            self._vtable = self._root - _I32.unpack_from(data, self._root)[0]
            self._vtable_bytes = _U16.unpack_from(data, self._vtable)[0] if self._vtable >= 0 else 0
            header = self._place(self._root, self._vtable, 0)
            if not header:
                raise FrameError(f"no header in the frame at offset {self._root}")
            (self.prev_seq, self.first_seq, self.last_seq, self.ts_pub, self.stream_id, self.epoch, self.channel,
             self.flags) = _HEADER.unpack_from(data, header)
        except struct.error as error:
            raise FrameError(f"a frame of {len(data)} bytes is cut short: {error}") from None

    def _place(self, table: int, vtable: int, field: int) -> int:
        """Offset of a field of a table; 0: not set."""
        at = 4 + 2 * field
        if vtable < 0 or at + 2 > _U16.unpack_from(self.data, vtable)[0]:
            return 0
        offset: int = _U16.unpack_from(self.data, vtable + at)[0]
        return table + offset if offset else 0

    def _follow(self, at: int) -> int:
        place: int = at + _U32.unpack_from(self.data, at)[0]
        return place

    def _structs(self, at: int, dtype: np.dtype[Any]) -> Rows:
        """The vector that the field at `at` points to, as a view."""
        vector = self._follow(at)
        count = _U32.unpack_from(self.data, vector)[0]
        if vector + 4 + count * dtype.itemsize > len(self.data):
            raise FrameError(f"a vector of {count} structs at offset {vector} reaches beyond the frame's {len(self.data)} bytes")
        return np.frombuffer(self.data, dtype, count, vector + 4)

    @property
    @_inside
    def rows(self) -> Rows | None:
        at = self._place(self._root, self._vtable, self.channel)
        dtype = ROW_TYPES.get(self.channel)
        if dtype is not None:
            return self._structs(at, dtype) if at else np.empty(0, dtype)
        if self.channel == Channel.DEPTH10:
            return self._depth10(at)
        if self.channel == Channel.EXEC:
            return self._reports(at)
        return None

    def _tables(self, at: int) -> list[int]:
        if not at:
            return []
        vector = self._follow(at)
        count = _U32.unpack_from(self.data, vector)[0]
        if vector + 4 + 4 * count > len(self.data):
            raise FrameError(f"a vector of {count} tables at offset {vector} reaches beyond the frame")
        return [self._follow(vector + 4 + 4 * i) for i in range(count)]

    def _scalar(self, table: int, field: int, form: str, default: int = 0) -> int:
        at = self._place(table, table - _I32.unpack_from(self.data, table)[0], field)
        value: int = struct.unpack_from(form, self.data, at)[0] if at else default
        return value

    def _text(self, table: int, field: int) -> str:
        at = self._place(table, table - _I32.unpack_from(self.data, table)[0], field)
        if not at:
            return ""
        at = self._follow(at)
        size = _U32.unpack_from(self.data, at)[0]
        if at + 4 + size > len(self.data):
            raise FrameError(f"a text of {size} bytes at offset {at} reaches beyond the frame")
        return bytes(self.data[at + 4:at + 4 + size]).decode("utf-8", "replace")

    def _depth10(self, at: int) -> Rows:
        tables = self._tables(at)
        rows = np.zeros(len(tables), DEPTH10)
        rows["levels"]["bid_px"] = rows["levels"]["ask_px"] = NO_PRICE
        for row, table in zip(rows, tables):
            for field, (name, form) in enumerate((("seq", "<Q"), ("ts_event", "<Q"), ("rpt_seq", "<Q"),
                                                  ("instrument_id", "<I"), ("flags", "<H"))):
                row[name] = self._scalar(table, field, form)
            levels = self._place(table, table - _I32.unpack_from(self.data, table)[0], 5)
            if levels:
                pairs = self._structs(levels, LEVEL_PAIR)[:10]
                row["levels"][:len(pairs)] = pairs
        return rows

    def _reports(self, at: int) -> Rows:
        reports = []
        for table in self._tables(at):
            place = self._place(table, table - _I32.unpack_from(self.data, table)[0], 0)
            if not place or place + EXEC.itemsize > len(self.data):
                raise FrameError(f"a report without its struct at offset {table}")
            reports.append(np.frombuffer(self.data, EXEC, 1, place))
        return np.concatenate(reports) if reports else np.empty(0, EXEC)

    @property
    @_inside
    def client_order_ids(self) -> list[str]:
        """Of the reports of an exec frame."""
        return [self._text(table, 1) for table in self._tables(self._place(self._root, self._vtable, Channel.EXEC))]

    @property
    @_inside
    def definitions(self) -> list[Instrument]:
        found = []
        for t in self._tables(self._place(self._root, self._vtable, Channel.DEFINITION)):
            found.append(Instrument(
                id=self._scalar(t, 0, "<I"), seq=self._scalar(t, 1, "<Q"), symbol=self._text(t, 4), base=self._text(t, 5),
                quote=self._text(t, 6), tick_size_e9=self._scalar(t, 8, "<q"), lot_size=self._scalar(t, 9, "<Q"),
                min_qty=self._scalar(t, 10, "<Q"), max_qty=self._scalar(t, 11, "<Q"),
                qty_exponent=self._scalar(t, 14, "<b", -8), status=self._scalar(t, 17, "<H")))
        return found

    @property
    @_inside
    def system(self) -> System | None:
        at = self._place(self._root, self._vtable, Channel.SYSTEM)
        if not at:
            return None
        t = self._follow(at)
        vtable = t - _I32.unpack_from(self.data, t)[0]
        code = self._scalar(t, 0, "<H")
        gap, positions = self._place(t, vtable, 7), self._place(t, vtable, 8)
        return System(
            code=SystemCode(code) if code in SystemCode._value2member_map_ else code,
            error_code=self._scalar(t, 1, "<H"), stream_id=self._scalar(t, 2, "<I"), ts=self._scalar(t, 3, "<Q"),
            journal_seq=self._scalar(t, 4, "<Q"), lag_ns=self._scalar(t, 5, "<Q"), lag_events=self._scalar(t, 6, "<Q"),
            gap=np.frombuffer(self.data, GAP, 1, gap) if gap and gap + GAP.itemsize <= len(self.data) else None,
            positions=self._structs(positions, STREAM_POSITION) if positions else np.empty(0, STREAM_POSITION),
            text=self._text(t, 9))

    @property
    def is_snapshot(self) -> bool:
        return bool(self.flags & FrameFlag.SNAPSHOT)

    @property
    def is_replay(self) -> bool:
        return bool(self.flags & FrameFlag.REPLAY)

    @property
    def is_partial(self) -> bool:
        return bool(self.flags & FrameFlag.PARTIAL)

    def __repr__(self) -> str:
        name = Channel(self.channel).name.lower() if self.channel in Channel._value2member_map_ else str(self.channel)
        return f"<Frame {name} {self.symbol} {self.prev_seq} -> {self.last_seq} {FrameFlag(self.flags)!r}>"
