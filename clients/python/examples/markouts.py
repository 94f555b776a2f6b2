#!/usr/bin/python3
"""What a trade costs the maker: the middle some time after each trade, from the maker's side, in ticks: markouts.py JOURNAL SYMBOL"""
import sys

import numpy as np

import bourse
from bourse.times import duration

journal, symbol = bourse.open(sys.argv[1]), sys.argv[2]
instrument = journal.instrument(symbol)
trades = journal.to_ndarray("trades", symbol)
trades = trades[np.isin(trades["side"], [b"B", b"A"])]
bbo = journal.to_ndarray("bbo", symbol)
bbo = bbo[(bbo["bid_px"] != bourse.NO_PRICE) & (bbo["ask_px"] != bourse.NO_PRICE)]
mid = (instrument.price_ticks(bbo["bid_px"]) + instrument.price_ticks(bbo["ask_px"])) / 2
price = instrument.price_ticks(trades["price"])
maker = np.where(trades["side"] == b"B", -1, 1)  # the maker sold to a buyer
time = trades["ts_event"].astype(np.int64)

print(f"{symbol}: {len(trades)} trades; the maker's gain in ticks per lot, by the size of the trade")
size = instrument.size_lots(trades["size"])
edges = np.unique(np.quantile(size, [0, 0.5, 0.9, 1]))
for after in ("1ms", "100ms", "1s", "10s", "60s"):
    at = np.searchsorted(bbo["ts_event"].astype(np.int64), time + duration(after), "right") - 1
    gain = maker * (mid[np.maximum(at, 0)] - price)
    parts = []
    for low, high in zip(edges[:-1], edges[1:]):
        chosen = (size > low) & (size <= high) if low != edges[0] else size <= high
        if chosen.any():
            parts.append(f"{low}-{high}: {np.average(gain[chosen], weights=size[chosen]):+.2f}")
    print(f"after {after:>5}   all {np.average(gain, weights=size):+.2f}   " + "   ".join(parts))
