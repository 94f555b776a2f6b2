"""Snapshots and keyframes of a journal: the public market after one sequence (docs/JOURNAL.md 3.7, sections 16 and 17)."""
from __future__ import annotations

import dataclasses
import os
import struct

import numpy as np

from .checksum import crc32c
from .errors import DamagedError
from .instrument import Instrument
from .records import Rows

HEADER_BYTES, MARKET, ORDERS = 160, 16, 17
MARKET_RECORD = np.dtype([("definition", "V112"), ("rpt_sequence", "<u8"), ("first_order", "<u8"), ("bids", "<u4"), ("asks", "<u4"),
                          ("symbol", "<u4"), ("crc32c", "<u4"), ("status", "<u2"), ("reserved", "V6")])
ORDER_RECORD = np.dtype([("order_id", "<u8"), ("price", "<i8"), ("quantity", "<u8")])


def definition_of(number: int, body: bytes, seq: int = 0, status: int = 0) -> Instrument:
    """The body of define_instrument (JOURNAL.md 3.3)."""
    def text(begin: int, size: int) -> str:
        return body[begin:begin + size].split(b"\0")[0].decode("ascii", "replace")
    tick, lot, least, most = struct.unpack_from("<qQQQ", body, 48)
    return Instrument(id=number, symbol=text(0, 24), base=text(24, 12), quote=text(36, 12), tick_size_e9=tick, lot_size=lot,
                      qty_exponent=struct.unpack_from("<b", body, 96)[0], min_qty=least * lot, max_qty=most * lot, seq=seq,
                      status=status)


@dataclasses.dataclass(frozen=True, slots=True)
class Snapshot:
    path: str
    sequence: int
    time: int
    sections: dict[int, tuple[int, int, int, int]]  # kind: offset, record bytes, records, crc32c

    def _section(self, kind: int, dtype: np.dtype[np.void]) -> Rows:
        offset, record_bytes, count, checksum = self.sections[kind]
        with open(self.path, "rb") as file:
            raw = os.pread(file.fileno(), record_bytes * count, offset)
        if record_bytes != dtype.itemsize or len(raw) != record_bytes * count:
            raise DamagedError(os.path.basename(self.path), offset, f"section {kind} is not whole")
        if kind == MARKET and crc32c(raw) != checksum:
            raise DamagedError(os.path.basename(self.path), offset, f"section {kind} does not match its checksum")
        return np.frombuffer(raw, dtype)

    def market(self) -> Rows:
        return self._section(MARKET, MARKET_RECORD)

    def orders(self, market: Rows) -> Rows:
        """Of one row of market(): bids, then asks, best first, oldest first. The row names their checksum."""
        offset, record_bytes, count, _ = self.sections[ORDERS]
        first, number = int(market["first_order"]), int(market["bids"]) + int(market["asks"])
        with open(self.path, "rb") as file:
            raw = os.pread(file.fileno(), record_bytes * number, offset + record_bytes * first)
        if first + number > count or len(raw) != record_bytes * number or crc32c(raw) != int(market["crc32c"]):
            raise DamagedError(os.path.basename(self.path), offset, f"the orders of symbol {market['symbol']} are not whole")
        return np.frombuffer(raw, ORDER_RECORD)

    def instruments(self) -> list[Instrument]:
        return [definition_of(int(m["symbol"]), m["definition"].tobytes(), 0, int(m["status"])) for m in self.market()]


def read(path: str, journal: bytes) -> Snapshot | None:
    """None for one that is damaged, foreign or of another version: a snapshot is never needed."""
    with open(path, "rb") as file:
        head = file.read(HEADER_BYTES)
        if len(head) < HEADER_BYTES or head[:8] != b"BOURSNAP" or struct.unpack_from("<I", head, 156)[0] != crc32c(head[:156]):
            return None
        if struct.unpack_from("<H", head, 8)[0] != 1 or head[16:32] != journal or struct.unpack_from("<Q", head, 104)[0]:
            return None
        header_bytes, (sequence, time) = struct.unpack_from("<I", head, 12)[0], struct.unpack_from("<Qq", head, 32)
        count, table_crc = struct.unpack_from("<II", head, 80)
        file.seek(header_bytes)
        table = file.read(32 * count)
    if len(table) != 32 * count or crc32c(table) != table_crc:
        return None
    sections = {}
    for i in range(count):
        kind, record_bytes, records, offset, checksum, _ = struct.unpack_from("<IIQQII", table, 32 * i)
        sections[kind] = offset, record_bytes, records, checksum
    return Snapshot(path, sequence, time, sections) if {MARKET, ORDERS} <= sections.keys() else None


def all_of(directory: str, journal: bytes) -> list[Snapshot]:
    """Snapshots and keyframes, ascending by sequence."""
    folder = os.path.join(directory, "snap")
    if not os.path.isdir(folder):
        return []
    found = []
    for name in os.listdir(folder):
        if name.endswith((".snap", ".book")):
            try:
                snapshot = read(os.path.join(folder, name), journal)
            except OSError:  # removed in this moment
                continue
            if snapshot:
                found.append(snapshot)
    return sorted(found, key=lambda s: s.sequence)
