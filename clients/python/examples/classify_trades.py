#!/usr/bin/python3
"""Who was the aggressor? Most feeds leave it to guessing; here the guesses (tick rule, quote rule) meet the truth.
classify_trades.py JOURNAL SYMBOL"""
import sys

import numpy as np

import bourse

journal, symbol = bourse.open(sys.argv[1]), sys.argv[2]
trades = journal.to_ndarray("trades", symbol)
trades = trades[np.isin(trades["side"], [b"B", b"A"]) & (trades["kind"] != b"V")]
bbo = journal.to_ndarray("bbo", symbol)
truth = np.where(trades["side"] == b"B", 1, -1)

# Tick rule: above the last different price is a buy.
move = np.sign(np.diff(trades["price"], prepend=trades["price"][:1]))
filled = np.maximum.accumulate(np.where(move != 0, np.arange(len(move)), 0))
tick_rule = move[filled]

# Quote rule (Lee and Ready): above the middle just before is a buy; at the middle the tick rule decides.
before = np.searchsorted(bbo["seq"], trades["seq"]) - 1
known = (before >= 0) & (bbo["bid_px"][before] != bourse.NO_PRICE) & (bbo["ask_px"][before] != bourse.NO_PRICE)
twice_mid = np.where(known, bbo["bid_px"][before] // 2 + bbo["ask_px"][before] // 2, trades["price"])
quote_rule = np.where(trades["price"] != twice_mid, np.sign(trades["price"] - twice_mid), tick_rule)

size = trades["size"].astype(float)
print(f"{symbol}: {len(trades)} trades, {100 * size[truth > 0].sum() / size.sum():.1f} % of the volume was bought aggressively")
for name, guess in (("tick rule", tick_rule), ("quote rule", quote_rule)):
    right = guess == truth
    print(f"{name:<11} {100 * right.mean():5.1f} % of trades right, {100 * size[right].sum() / size.sum():5.1f} % of the volume")
