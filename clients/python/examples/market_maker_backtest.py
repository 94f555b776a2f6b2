#!/usr/bin/python3
"""A market maker who always joins the best prices, with its place in each queue: market_maker_backtest.py JOURNAL SYMBOL [LOTS]

It joins behind all lots that rest at the price. Executions and cancels of orders that came before it bring it forward; what is executed
once nothing is ahead fills it. It changes nothing of the market: for that there is `bourse whatif`."""
import sys

import bourse
from bourse import ASK, BID, Kind

journal, symbol = bourse.open(sys.argv[1]), sys.argv[2]
lots = int(sys.argv[3]) if len(sys.argv) > 3 else 1
instrument, book = journal.instrument(symbol), None
quotes = {}  # side: [price, lots ahead, the orders that they are, lots left]
position = cash = fills = quoted = 0
book = bourse.Book(instrument)

for rows in journal.event_blocks(symbol):
    for i, event in enumerate(rows):
        kind, side, price, size = (int(event[n]) for n in ("kind", "side", "price", "quantity"))
        mine = quotes.get(side)
        if mine and kind in (Kind.EXECUTE, Kind.CANCEL):
            before_us = mine[0] == price and int(event["order_id"]) in mine[2]
            mine[1] -= size * before_us
            worse = price <= mine[0] if side == BID else price >= mine[0]  # whoever is worse, or came later, is hit only after us
            if kind == Kind.EXECUTE and worse and not before_us and mine[3]:
                filled = min(size, mine[3])
                mine[3] -= filled
                position += filled if side == BID else -filled
                cash += -filled * mine[0] if side == BID else filled * mine[0]
                fills += filled
        book.apply(rows[i:i + 1])
        if not event["flags"] & bourse.EventFlag.LAST:
            continue
        best = book.best()
        for at, level in ((BID, best.bid), (ASK, best.ask)):
            mine, wants = quotes.get(at), level is not None and abs(position + (lots if at == BID else -lots)) <= 20 * lots
            if not wants:
                quotes.pop(at, None)
            elif mine is None or mine[0] != level.price or not mine[3]:
                queue = book.queue(at, level.price)
                quotes[at] = [level.price, level.size, {order for order, _ in queue}, lots]
                quoted += 1

middle = book.best().mid or 0
gain = (cash + position * middle) * float(instrument.tick) * float(instrument.lot)
print(f"{symbol}: {quoted} quotes, {fills} lots filled, position {position} lots at the end")
print(f"gain {gain:.2f} {instrument.quote}, {(cash + position * middle) / max(fills, 1):.3f} ticks per lot")
print("where it stood last:", {("bid" if s == BID else "ask"): f"{q[1]} lots ahead at {instrument.decimal(q[0]).normalize():f}"
                               for s, q in quotes.items()})
