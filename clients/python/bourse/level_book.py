"""The book by price levels, from frames of the channel `level`: with a depth it holds never more than so many levels of a side, since the
server says which ones leave and which come in."""
from __future__ import annotations

import bisect
from typing import Any

import numpy as np

from .book import ASK, BID, DEPTH, Best, Level, top10_checksum
from .errors import BookError
from .instrument import Instrument
from .records import NO_PRICE, Rows


class LevelBook:
    """Prices are ticks and sizes lots, as in Book."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.seq = self.time = self.rpt_seq = 0
        self._levels: dict[int, dict[int, Level]] = {BID: {}, ASK: {}}
        self._prices: dict[int, list[int]] = {BID: [], ASK: []}  # ascending

    def apply(self, rows: Rows) -> LevelBook:
        rows = rows[rows["instrument_id"] == self.instrument.id]
        price, size = self.instrument.price_ticks(rows["price"]).tolist(), self.instrument.size_lots(rows["size"]).tolist()
        for action, letter, at, lots, count in zip(rows["action"].tolist(), rows["side"].tolist(), price, size, rows["count"].tolist()):
            side = BID if letter == b"B" else ASK
            if action == b"R":
                self.clear()
            elif action == b"D" or not lots:
                if self._levels[side].pop(at, None):
                    del self._prices[side][bisect.bisect_left(self._prices[side], at)]
            else:
                if at not in self._levels[side]:
                    bisect.insort(self._prices[side], at)
                self._levels[side][at] = Level(at, lots, count)
        if len(rows):
            self.seq, self.time, self.rpt_seq = int(rows["seq"][-1]), int(rows["ts_event"][-1]), int(rows["rpt_seq"][-1])
        return self

    def clear(self) -> None:
        self._levels, self._prices = {BID: {}, ASK: {}}, {BID: [], ASK: []}

    def levels(self, side: int, depth: int | None = None) -> list[Level]:
        """Best first."""
        prices = self._prices[side][::-1] if side == BID else self._prices[side]
        return [self._levels[side][price] for price in prices[:depth]]

    def best(self) -> Best:
        bid, ask = self.levels(BID, 1), self.levels(ASK, 1)
        return Best(bid[0] if bid else None, ask[0] if ask else None)

    def depth(self, levels: int = 10) -> Rows:
        """A dense array, as Book.depth."""
        out = np.zeros(levels, DEPTH)
        out["bid"] = out["ask"] = NO_PRICE
        for side, name in ((BID, "bid"), (ASK, "ask")):
            for row, level in zip(out, self.levels(side, levels)):
                row[name], row[f"{name}_size"], row[f"{name}_orders"] = level
        return out

    def crc32c_top10(self) -> int:
        return top10_checksum(self.levels(BID, 10) + self.levels(ASK, 10), self.instrument)

    def check(self, check: Any) -> None:
        """Against a row of CHECK, when the book has all up to its seq and no more. What a depth leaves out is not compared."""
        if int(check["crc32c_top10"]) != self.crc32c_top10():
            raise BookError(f"{self.instrument.symbol} {self.seq}: crc32c_top10 is {self.crc32c_top10():#x} here and "
                            f"{int(check['crc32c_top10']):#x} at the exchange")
