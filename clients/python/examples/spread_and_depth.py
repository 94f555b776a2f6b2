#!/usr/bin/python3
"""Spread and depth of a symbol, weighted by the time that they lasted: spread_and_depth.py JOURNAL SYMBOL"""
import sys

import numpy as np

import bourse

journal, symbol = bourse.open(sys.argv[1]), sys.argv[2]
instrument = journal.instrument(symbol)
bbo = journal.to_ndarray("bbo", symbol)
bbo = bbo[(bbo["bid_px"] != bourse.NO_PRICE) & (bbo["ask_px"] != bourse.NO_PRICE)]
lasted = np.diff(bbo["ts_event"].astype(np.int64), append=np.int64(journal.end)).astype(float)
spread = instrument.price_ticks(bbo["ask_px"]) - instrument.price_ticks(bbo["bid_px"])


def percentile(values, share):
    order = np.argsort(values)
    reached = np.searchsorted(np.cumsum(lasted[order]), share * lasted.sum())
    return values[order][min(reached, len(values) - 1)]


print(f"{symbol}: {len(bbo)} changes of the best prices, tick {instrument.tick.normalize():f}")
print(f"spread in ticks   mean {np.average(spread, weights=lasted):.2f}   p50 {percentile(spread, 0.5)}   p99 {percentile(spread, 0.99)}")
for side in ("bid", "ask"):
    size = instrument.size_lots(bbo[f"{side}_sz"])
    print(f"lots at best {side}  mean {np.average(size, weights=lasted):.1f}   p50 {percentile(size, 0.5)}   "
          f"orders mean {np.average(bbo[f'{side}_ct'], weights=lasted):.2f}")
grid = bourse.depth_grid(journal, symbol, int(max(1, (journal.end - journal.start) // 500)), levels=10)
for name, sizes in (("bid", grid.bid_sz), ("ask", grid.ask_sz)):
    there = sizes[sizes[:, 0] > 0]
    print(f"lots in 10 {name} levels, sampled: mean {there.sum(axis=1).mean():.0f}, by level {there.mean(axis=0).astype(int).tolist()}")
