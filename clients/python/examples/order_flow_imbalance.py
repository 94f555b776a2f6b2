#!/usr/bin/python3
"""Order-flow imbalance at the best prices (Cont, Kukanov, Stoikov) and how much of the price it explains.
order_flow_imbalance.py JOURNAL SYMBOL [STEP]"""
import sys

import numpy as np

import bourse
from bourse.times import duration

journal, symbol = bourse.open(sys.argv[1]), sys.argv[2]
step = duration(sys.argv[3] if len(sys.argv) > 3 else "10s")
instrument = journal.instrument(symbol)
bbo = journal.to_ndarray("bbo", symbol)
bbo = bbo[(bbo["bid_px"] != bourse.NO_PRICE) & (bbo["ask_px"] != bourse.NO_PRICE)]
bid, ask = instrument.price_ticks(bbo["bid_px"]), instrument.price_ticks(bbo["ask_px"])
bid_size, ask_size = instrument.size_lots(bbo["bid_sz"]), instrument.size_lots(bbo["ask_sz"])

# What came to the bid and left the ask, change by change.
flow = (np.where(bid[1:] >= bid[:-1], bid_size[1:], 0) - np.where(bid[1:] <= bid[:-1], bid_size[:-1], 0)
        - np.where(ask[1:] <= ask[:-1], ask_size[1:], 0) + np.where(ask[1:] >= ask[:-1], ask_size[:-1], 0))
mid = (bid + ask) / 2
interval = bbo["ts_event"].astype(np.int64) // step
first = np.flatnonzero(np.diff(interval[1:], prepend=-1))
imbalance = np.add.reduceat(flow, first)
last = np.append(first[1:], len(flow))  # the middle at the end of each interval
change = np.diff(mid[last], prepend=mid[0])

slope, intercept = np.polyfit(imbalance, change, 1)
explained = np.corrcoef(imbalance, change)[0, 1] ** 2
print(f"{symbol}: {len(imbalance)} intervals of {step / 1e9:g} s, {len(flow)} changes of the best prices")
print(f"change of the middle = {slope:.3g} ticks per lot of imbalance {intercept:+.3g},  R2 = {explained:.3f}")
