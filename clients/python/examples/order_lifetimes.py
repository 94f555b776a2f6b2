#!/usr/bin/python3
"""How long orders live and how they end: order_lifetimes.py JOURNAL [SYMBOL ...]"""
import sys

import numpy as np

import bourse
from bourse import Kind

journal = bourse.open(sys.argv[1])
for symbol in sys.argv[2:] or journal.symbols:
    events = journal.to_ndarray("events", symbol)
    events = events[np.isin(events["kind"], [Kind.ADD, Kind.CANCEL, Kind.EXECUTE])]
    events = events[np.argsort(events["order_id"], kind="stable")]  # an order's life, one event after the other
    order = events["order_id"]
    first = np.flatnonzero(np.diff(order, prepend=np.uint64(0)))
    last = np.append(first[1:], len(order)) - 1
    ended = (events["leaves"][last] == 0) & (events["kind"][first] == Kind.ADD)
    first, last = first[ended], last[ended]
    life = (events["ts_event"][last] - events["ts_event"][first]).astype(np.int64) / 1e9
    executed = events["kind"][last] == Kind.EXECUTE
    if not len(life):
        continue
    p50, p90, p99 = np.quantile(life, [0.5, 0.9, 0.99])
    print(f"{symbol:<10} {len(life):>8} orders ended, {100 * executed.mean():5.1f} % by execution; "
          f"life p50 {p50:.3g} s, p90 {p90:.3g} s, p99 {p99:.3g} s")
    hit = life[executed]
    if len(hit):
        print(f"{'':<10} executed ones: p50 {np.quantile(hit, 0.5):.3g} s; cancelled ones: p50 {np.quantile(life[~executed], 0.5):.3g} s")
