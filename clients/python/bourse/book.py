"""The book of one instrument, order by order, from frames or journal events alike. It never guesses: a hole in the numbering
raises GapError, an event that contradicts the book raises BookError, and nothing of it is applied then.

Prices are ticks and sizes lots; `book.instrument.price(ticks)` gives a float, `.decimal(ticks)` a Decimal."""
from __future__ import annotations

import bisect
import dataclasses
import html
import itertools
from typing import Any, Iterable, NamedTuple

import numpy as np

from .checksum import crc32c
from .errors import BookError, GapError
from .instrument import Instrument
from .records import BBO, MBO, NO_PRICE, EventFlag, Kind, Rows

_ACTION = {b"N": 0, b"A": Kind.ADD, b"M": Kind.MODIFY, b"C": Kind.CANCEL, b"E": Kind.EXECUTE, b"T": Kind.TRADE, b"R": Kind.CLEAR}
_SIDE = {b"B": 1, b"A": 2, b"N": 0}
BID, ASK = 1, 2


class Level(NamedTuple):
    price: int
    size: int
    orders: int


class Best(NamedTuple):
    """None for an empty side."""
    bid: Level | None
    ask: Level | None

    @property
    def spread(self) -> int | None:
        return self.ask.price - self.bid.price if self.bid and self.ask else None

    @property
    def mid(self) -> float | None:
        return (self.ask.price + self.bid.price) / 2 if self.bid and self.ask else None


DEPTH = np.dtype([("bid", "<i8"), ("bid_size", "<i8"), ("bid_orders", "<i8"), ("ask", "<i8"), ("ask_size", "<i8"), ("ask_orders", "<i8")])


def top10_checksum(levels: list[Level], instrument: Instrument) -> int:
    """Of BookCheck: over price, size and count of the ten best bids, then asks, in units of the wire."""
    data = b""
    for level in levels:
        data += (level.price * instrument.tick_size_e9).to_bytes(8, "little", signed=True)
        data += (level.size * instrument.lot_size).to_bytes(8, "little") + level.orders.to_bytes(4, "little")
    return crc32c(data)


class _Queue:
    """The orders at one price, oldest first (a dict keeps the order in which they joined), and their sum."""
    __slots__ = ("orders", "size")

    def __init__(self) -> None:
        self.orders: dict[int, int] = {}
        self.size = 0


@dataclasses.dataclass(slots=True)
class _Side:
    queues: dict[int, _Queue]
    prices: list[int]  # ascending


class Book:
    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.seq = 0
        self.time = 0
        self.rpt_seq: int | None = None  # of the last event; None before the first
        self._sides = {BID: _Side({}, []), ASK: _Side({}, [])}
        self._where: dict[int, tuple[int, int]] = {}  # order id: side, price

    # Following.
    def apply(self, rows: Rows) -> Book:
        """Rows of MBO (of a frame or to_ndarray) or EVENT; those of other instruments are passed over."""
        for event in self._events(rows):
            self._apply(*event)
        return self

    def bbo(self, rows: Rows) -> Rows:
        """Applies them; rows of BBO, one for each transaction that changed the best prices."""
        out: list[tuple[Any, ...]] = []
        before = None if self.rpt_seq is None else self.best()  # the first event tells them, even of an empty book
        tick, lot = self.instrument.tick_size_e9, self.instrument.lot_size
        for event in self._events(rows):
            self._apply(*event)
            if event[9] & EventFlag.LAST and (best := self.best()) != before:
                before = best
                bid, ask = best.bid or Level(0, 0, 0), best.ask or Level(0, 0, 0)
                out.append((self.seq, self.time, bid.price * tick if best.bid else NO_PRICE, ask.price * tick if best.ask else NO_PRICE,
                            bid.size * lot, ask.size * lot, self.rpt_seq, self.instrument.id, bid.orders, ask.orders,
                            int(EventFlag.LAST), 0))
        return np.array(out, BBO)

    def _events(self, rows: Rows) -> Iterable[tuple[int, ...]]:
        """(seq, time, kind, side, order id, price, size, rpt_seq, aux, flags) in ticks and lots."""
        names = rows.dtype.names or ()
        number = rows["instrument_id" if "instrument_id" in names else "symbol"]
        if len(rows) and not (number == self.instrument.id).all():
            rows = rows[number == self.instrument.id]
        if rows.dtype == MBO:
            price = self.instrument.price_ticks(rows["price"])
            size = self.instrument.size_lots(rows["size"])
            kind: Any = [_ACTION.get(a, 0) for a in rows["action"].tolist()]
            side: Any = [_SIDE.get(s, 0) for s in rows["side"].tolist()]
            order, rpt = rows["order_id"], rows["rpt_seq"]
        elif "rpt_sequence" in names and "seq" in names:
            price, size, order, rpt = rows["price"], rows["quantity"], rows["order_id"], rows["rpt_sequence"]
            kind, side = rows["kind"].tolist(), rows["side"].tolist()
        else:
            raise TypeError(f"a book is made of MBO or EVENT rows, not of {names}")
        return zip(rows["seq"].tolist(), rows["ts_event"].tolist(), kind, side, order.tolist(), price.tolist(), size.tolist(),
                   rpt.tolist(), rows["aux"].tolist(), rows["flags"].tolist())

    def _apply(self, seq: int, time: int, kind: int, side: int, order: int, price: int, size: int, rpt: int, aux: int, flags: int) -> None:
        if flags & EventFlag.SNAPSHOT:
            if kind == Kind.CLEAR:
                self.clear()
        elif self.rpt_seq is not None and rpt != self.rpt_seq + 1:
            raise GapError(f"{self.instrument.symbol}: events are missing before sequence {seq}: rpt_seq", self.rpt_seq + 1, rpt)
        elif self.rpt_seq is None and rpt != 1:
            raise GapError(f"{self.instrument.symbol}: a book begins with a snapshot or with the first event: rpt_seq", 1, rpt)
        if kind == Kind.ADD:
            if order in self._where:
                raise BookError(f"{self.instrument.symbol} {seq}: order {order} is in the book already")
            self._join(side, order, price, size)
        elif kind == Kind.CANCEL or kind == Kind.EXECUTE:
            self._reduce(seq, order, size)
        elif kind == Kind.MODIFY:
            self._modify(seq, order, price, size, bool(flags & EventFlag.PRIORITY_KEPT))
        elif kind == Kind.CLEAR and not flags & EventFlag.SNAPSHOT:
            self.clear()
        self.seq, self.time, self.rpt_seq = seq, time, rpt

    def _join(self, side: int, order: int, price: int, size: int) -> None:
        at = self._sides[side]
        queue = at.queues.get(price)
        if queue is None:
            queue = at.queues[price] = _Queue()
            bisect.insort(at.prices, price)
        queue.orders[order] = size
        queue.size += size
        self._where[order] = side, price

    def _reduce(self, seq: int, order: int, size: int) -> None:
        place = self._where.get(order)
        if place is None:
            raise BookError(f"{self.instrument.symbol} {seq}: order {order} is not in the book")
        queue = self._sides[place[0]].queues[place[1]]
        left = queue.orders[order] - size
        if left < 0:
            raise BookError(f"{self.instrument.symbol} {seq}: order {order} has {queue.orders[order]}, less than {size}")
        if left:
            queue.orders[order] = left
            queue.size -= size
        else:
            self._leave(order, place, queue)

    def _leave(self, order: int, place: tuple[int, int], queue: _Queue) -> None:
        queue.size -= queue.orders.pop(order)
        del self._where[order]
        if not queue.orders:
            side = self._sides[place[0]]
            del side.queues[place[1]]
            del side.prices[bisect.bisect_left(side.prices, place[1])]

    def _modify(self, seq: int, order: int, price: int, size: int, is_kept: bool) -> None:
        place = self._where.get(order)
        if place is None:
            raise BookError(f"{self.instrument.symbol} {seq}: order {order} is not in the book")
        queue = self._sides[place[0]].queues[place[1]]
        if is_kept and price == place[1]:
            queue.size += size - queue.orders[order]
            queue.orders[order] = size
            return
        self._leave(order, place, queue)
        self._join(place[0], order, price, size)

    def clear(self) -> None:
        self._sides = {BID: _Side({}, []), ASK: _Side({}, [])}
        self._where = {}

    def restore(self, orders: Rows, bids: int, rpt_seq: int, seq: int, time: int) -> None:
        """From a snapshot's rows: order_id, price, quantity; the first `bids` are bids."""
        self.clear()
        for index, (order, price, size) in enumerate(orders.tolist()):
            self._join(BID if index < bids else ASK, order, price, size)
        self.seq, self.time, self.rpt_seq = seq, time, rpt_seq

    # Looking.
    def best(self) -> Best:
        bid, ask = self._sides[BID], self._sides[ASK]
        return Best(self._level(bid, bid.prices[-1]) if bid.prices else None, self._level(ask, ask.prices[0]) if ask.prices else None)

    @staticmethod
    def _level(side: _Side, price: int) -> Level:
        queue = side.queues[price]
        return Level(price, queue.size, len(queue.orders))

    def levels(self, side: int, depth: int | None = None) -> list[Level]:
        """Best first; `side` is BID or ASK."""
        at = self._sides[side]
        prices = at.prices[::-1] if side == BID else at.prices
        return [self._level(at, price) for price in prices[:depth]]

    def depth(self, levels: int = 10) -> Rows:
        """A dense array of DEPTH rows, best first; missing levels have NO_PRICE and size 0."""
        out = np.zeros(levels, DEPTH)
        out["bid"] = out["ask"] = NO_PRICE
        for side, name in ((BID, "bid"), (ASK, "ask")):
            for row, level in zip(out, self.levels(side, levels)):
                row[name], row[f"{name}_size"], row[f"{name}_orders"] = level
        return out

    def queue(self, side: int, price: int) -> list[tuple[int, int]]:
        """(order id, size), oldest first."""
        queue = self._sides[side].queues.get(price)
        return list(queue.orders.items()) if queue else []

    def size_ahead(self, order_id: int) -> int:
        """Lots before this order in its queue."""
        side, price = self._where[order_id]
        ahead = 0
        for order, size in self._sides[side].queues[price].orders.items():
            if order == order_id:
                break
            ahead += size
        return ahead

    def __contains__(self, order_id: int) -> bool:
        return order_id in self._where

    def __len__(self) -> int:
        return len(self._where)

    def cost(self, side: int, lots: int) -> tuple[int, int]:
        """What taking so many lots of BID or ASK comes to: (sum of ticks x lots, lots that are there)."""
        total = taken = 0
        for level in self.levels(side):
            part = min(level.size, lots - taken)
            total, taken = total + part * level.price, taken + part
            if taken == lots:
                break
        return total, taken

    # Proving (docs/PROTOCOL.md, BookCheck).
    def book_hash(self) -> int:
        rows = [(order, price, self._sides[side].queues[price].orders[order], side) for order, (side, price) in self._where.items()]
        if not rows:
            return 0
        order, price, size, side = np.array(rows, np.int64).astype(np.uint64).T
        with np.errstate(over="ignore"):
            x = (order * np.uint64(0x9E3779B97F4A7C15) + price * np.uint64(self.instrument.tick_size_e9) * np.uint64(0xC2B2AE3D27D4EB4F)
                 + size * np.uint64(self.instrument.lot_size) * np.uint64(0x165667B19E3779F9) + side * np.uint64(0xD6E8FEB86659FD93))
            x = (x ^ x >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
            x = (x ^ x >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        return int(np.bitwise_xor.reduce(x ^ x >> np.uint64(31)))

    def crc32c_top10(self) -> int:
        return top10_checksum(self.levels(BID, 10) + self.levels(ASK, 10), self.instrument)

    def check(self, check: Any) -> None:
        """Against a row of CHECK of the same rpt_seq; BookError names what differs."""
        if int(check["rpt_seq"]) != self.rpt_seq:
            raise BookError(f"the check is of rpt_seq {check['rpt_seq']}, the book of {self.rpt_seq}")
        for name, ours in (("crc32c_top10", self.crc32c_top10()), ("book_hash", self.book_hash()),
                           ("bid_levels", len(self._sides[BID].prices)), ("ask_levels", len(self._sides[ASK].prices))):
            if int(check[name]) != ours:
                raise BookError(f"{self.instrument.symbol} {self.seq}: {name} is {ours:#x} here and {int(check[name]):#x} at the exchange")

    # Showing.
    def _shown(self, level: Level) -> tuple[str, str]:
        instrument = self.instrument
        return f"{instrument.decimal(level.price).normalize():f}", f"{instrument.size_decimal(level.size).normalize():f}"

    def __repr__(self) -> str:
        bid, ask = (" x ".join(self._shown(level)) if level else "-" for level in self.best())
        return f"<Book {self.instrument.symbol} seq {self.seq}: {bid} | {ask}, {len(self)} orders>"

    def __str__(self) -> str:
        lines = [f"{self.instrument.symbol}  seq {self.seq}", f"{'size':>14} {'bid':>14} | {'ask':<14} {'size':<14}".rstrip()]
        for bid, ask in itertools.zip_longest(self.levels(BID, 10), self.levels(ASK, 10)):
            (bid_price, bid_size), (ask_price, ask_size) = (self._shown(level) if level else ("", "") for level in (bid, ask))
            lines.append(f"{bid_size:>14} {bid_price:>14} | {ask_price:<14} {ask_size:<14}".rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"
