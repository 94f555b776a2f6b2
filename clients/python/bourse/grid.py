"""Time made regular: bars of trades, and the book as a dense array, one row per step of time."""
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .book import ASK, BID, Book
from .journal import Journal
from .records import BAR, NO_PRICE, EventFlag, Rows
from .times import Time, duration, nanoseconds


class DepthGrid(NamedTuple):
    """`bid_px[t, i]` is the i-th best bid in ticks at times[t] (NO_PRICE: there is none), `bid_sz` its lots; asks alike. All that
    happened up to and at times[t] is in row t."""
    times: npt.NDArray[np.int64]
    bid_px: npt.NDArray[np.int64]
    bid_sz: npt.NDArray[np.int64]
    ask_px: npt.NDArray[np.int64]
    ask_sz: npt.NDArray[np.int64]


def steps(start: int, end: int, step: str | int) -> npt.NDArray[np.int64]:
    """Multiples of `step` in [start, end)."""
    length = duration(step)
    return np.arange(-(-start // length) * length, end, length, dtype=np.int64)


def depth_grid(journal: Journal, symbol: str, step: str | int = "1s", levels: int = 10, start: Time | None = None,
               end: Time | None = None) -> DepthGrid:
    """Follows the book through the range; a row for each multiple of `step` in it."""
    begin = journal.start if start is None else nanoseconds(start)
    stop = journal.end + 1 if end is None else nanoseconds(end)
    times = steps(begin, stop, step)
    shape = len(times), levels
    grid = DepthGrid(times, np.full(shape, NO_PRICE), np.zeros(shape, np.int64), np.full(shape, NO_PRICE), np.zeros(shape, np.int64))
    if not len(times):
        return grid
    book = journal.book(symbol, ts=begin - 1)
    at = 0

    def fill(until: int) -> int:
        row = at
        while row < until:
            _row(book, grid, row, levels)
            if row + 1 < until:  # nothing happens in between
                for column in grid[1:]:
                    column[row + 1:until] = column[row]
                return until
            row += 1
        return row

    if book.seq < journal.last_seq:
        for rows in journal.event_blocks(symbol, from_seq=book.seq + 1):
            moments = rows["ts_event"].astype(np.int64)
            first = 0
            while first < len(rows):
                until = int(np.searchsorted(times, moments[first], "left"))  # rows of the grid before this event
                at = max(at, fill(until))
                if at == len(times):
                    return grid
                beyond = int(np.searchsorted(moments, times[at], "right"))  # events up to the next row of the grid
                book.apply(rows[first:beyond])
                first = beyond
    fill(len(times))
    return grid


def _row(book: Book, grid: DepthGrid, row: int, levels: int) -> None:
    for side, price, size in ((BID, grid.bid_px, grid.bid_sz), (ASK, grid.ask_px, grid.ask_sz)):
        for i, level in enumerate(book.levels(side, levels)):
            price[row, i], size[row, i] = level.price, level.size


def bars(trades: Rows, step: str | int = "1m") -> Rows:
    """Rows of BAR of one instrument's TRADE rows; bars without a trade are left out. Void trades (kind V) take theirs out."""
    if not len(trades):
        return np.empty(0, BAR)
    if (trades["instrument_id"] != trades["instrument_id"][0]).any():
        raise ValueError("bars are of one instrument: select its trades first")
    void = np.isin(trades["match_id"], trades["match_id"][trades["kind"] == b"V"])
    trades = trades[~void]
    length = duration(step)
    number = trades["ts_event"].astype(np.int64) // length
    first = np.flatnonzero(np.diff(number, prepend=np.int64(-1)))
    out = np.zeros(len(first), BAR)
    if not len(first):
        return out
    last = np.append(first[1:], len(trades)) - 1
    price, size = trades["price"], trades["size"].astype(np.int64)
    out["seq"], out["instrument_id"] = trades["seq"][last], trades["instrument_id"][0]
    out["ts_open"] = number[first] * length
    out["ts_close"] = out["ts_open"] + np.uint64(length)
    out["open"], out["close"] = price[first], price[last]
    out["high"], out["low"] = np.maximum.reduceat(price, first), np.minimum.reduceat(price, first)
    out["volume"] = np.add.reduceat(size, first)
    out["buy_volume"] = np.add.reduceat(np.where(trades["side"] == b"B", size, 0), first)
    weighted = np.add.reduceat(price.astype(np.longdouble) * size, first)  # 64 bits of mantissa: exact up to 2^64
    out["vwap"] = np.rint(weighted / out["volume"].astype(np.longdouble)).astype(np.int64)
    out["trades"] = last - first + 1
    out["interval_ms"] = length // 10**6
    out["flags"] = int(EventFlag.LAST)
    return out


def imbalance(bid_size: npt.NDArray[Any], ask_size: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Of the queue, between -1 (all on the ask) and 1; 0 for an empty book."""
    total = bid_size + ask_size
    return np.divide(bid_size - ask_size, total, out=np.zeros(np.shape(total)), where=total != 0)
