"""History from a directory or from a server, by the same names: to_ndarray, to_df, to_csv, to_parquet, replay."""
from __future__ import annotations

import os
from typing import Any, Callable, Iterator

import numpy as np

from . import tables
from .connection import base_url, get, tls
from .errors import BourseError
from .extract import Collector, Columns
from .frames import Frame
from .instrument import Instrument
from .journal import Journal, Symbols
from .live import Live
from .notices import Gap, Heartbeat, ReplayCompleted
from .records import BBO, IMBALANCE, MBO, STATUS, TRADE, FrameFlag, Rows
from .times import Time, nanoseconds

_CHANNELS = {"mbo": ("mbo", MBO), "trades": ("trade", TRADE), "bbo": ("bbo", BBO), "status": ("status", STATUS),
             "imbalance": ("imbalance", IMBALANCE)}


def historical(source: str | os.PathLike[str], **options: Any) -> Journal | RemoteHistory:
    """Historical("journal/") or Historical("wss://host:9443", insecure=True)."""
    return RemoteHistory(str(source), **options) if "://" in str(source) else Journal(source)


class RemoteHistory:
    """A server's log, read over the feed from any sequence or time up to what it has when asked."""

    def __init__(self, url: str, *, insecure: bool = False, ca: str | None = None) -> None:
        self.url = base_url(url)
        self._options: dict[str, Any] = {"insecure": insecure, "ca": ca}
        found = get(self.url, "/v1/instruments", tls(insecure, ca))["instruments"]
        self.symbols: list[str] = [i["symbol"] for i in found]
        self.instruments: dict[int, Instrument] = {}

    def _rows(self, schema: str, symbols: Symbols, start: Time | None = None, end: Time | None = None, from_seq: int | None = None,
              to_seq: int | None = None) -> Iterator[Rows]:
        """Up to the end that was asked for, or to where the log ended when the replay met the present."""
        if schema not in _CHANNELS:
            raise ValueError(f"schema {schema!r}: a server has {', '.join(_CHANNELS)}; others need the journal's directory")
        before = nanoseconds(end) if end is not None else None
        with Live(self.url, heartbeats=True, **self._options) as live:
            self.instruments = live.instruments
            live.subscribe(_CHANNELS[schema][0], symbols if symbols is not None else "*", from_seq=from_seq,
                           start=start if start is not None or from_seq is not None else "earliest")
            for event in live:
                if isinstance(event, Frame):
                    rows = event.rows
                    if rows is None or not len(rows):
                        continue
                    wanted = np.ones(len(rows), bool)
                    if to_seq is not None:
                        wanted &= rows["seq"] <= to_seq
                    if before is not None:
                        wanted &= rows["ts_event"] < before
                    if wanted.any():
                        yield rows if wanted.all() else rows[wanted]
                    # After FLUSH_LAST nothing more comes up to this sequence, on any stream (rule S4).
                    if not wanted[-1] and event.flags & FrameFlag.FLUSH_LAST:
                        return
                elif isinstance(event, ReplayCompleted) and (to_seq is None or event.seq >= to_seq):
                    return
                elif isinstance(event, Heartbeat) and to_seq is not None and event.seq >= to_seq:
                    return
                elif isinstance(event, Gap) and not event.is_healed:
                    raise BourseError(f"{event.channel} {event.symbol}: {event.reason}: the server no longer has what was asked for")

    def to_ndarray(self, schema: str = "mbo", symbols: Symbols = None, **bounds: Any) -> Rows:
        parts = list(self._rows(schema, symbols, **bounds))
        return np.concatenate(parts) if parts else np.empty(0, _CHANNELS[schema][1])

    def columns(self, schema: str = "mbo", symbols: Symbols = None, rows: int = 1 << 20, **bounds: Any) -> Iterator[Columns]:
        collector = Collector(rows)
        for part in self._rows(schema, symbols, **bounds):
            collector.add(tables.to_ticks(part, self.instruments))
            if collector.count >= rows:
                yield collector.columns()
                collector = Collector(rows)
        if collector.count:
            yield collector.columns()

    def to_df(self, schema: str = "mbo", symbols: Symbols = None, prices: str = "ticks", sizes: str = "lots", times: str = "datetime",
              **bounds: Any) -> Any:
        rows = self.to_ndarray(schema, symbols, **bounds)
        return tables.to_df(tables.to_ticks(rows, self.instruments), self.instruments, prices, sizes, times)

    def to_csv(self, path: str, schema: str = "mbo", symbols: Symbols = None, prices: str = "decimal", sizes: str = "decimal",
               times: str = "ns", **bounds: Any) -> int:
        return tables.write_csv(path, self.columns(schema, symbols, **bounds), self.instruments, prices, sizes, times)

    def to_parquet(self, path: str, schema: str = "mbo", symbols: Symbols = None, prices: str = "ticks", sizes: str = "lots",
                   **bounds: Any) -> int:
        return tables.write_parquet(path, self.columns(schema, symbols, **bounds), self.instruments, prices, sizes)

    def replay(self, callback: Callable[[Any], object], schema: str = "mbo", symbols: Symbols = None, **bounds: Any) -> int:
        count = 0
        for rows in self._rows(schema, symbols, **bounds):
            for record in rows.view(np.recarray):
                callback(record)
            count += len(rows)
        return count
