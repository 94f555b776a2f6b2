#!/usr/bin/python3
"""Depth over time as a picture, trades on top of it: heatmap.py JOURNAL SYMBOL OUT.png [COLUMNS]"""
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import bourse

journal, symbol, out = bourse.open(sys.argv[1]), sys.argv[2], sys.argv[3]
columns = int(sys.argv[4]) if len(sys.argv) > 4 else 600
instrument = journal.instrument(symbol)
trades = journal.to_ndarray("trades", symbol)
start, end = int(trades["ts_event"][0]), int(trades["ts_event"][-1])
grid = bourse.depth_grid(journal, symbol, max(1, (end - start) // columns), levels=40, start=start, end=end)

seen = np.where(grid.bid_px[:, 0] != bourse.NO_PRICE, grid.bid_px[:, 0], grid.ask_px[:, 0])
seen = seen[seen != bourse.NO_PRICE]
margin = max(20, int(np.ptp(seen) // 4))
low, high = int(seen.min()) - margin, int(seen.max()) + margin
used = np.unique(np.concatenate([p[p != bourse.NO_PRICE] for p in (grid.bid_px, grid.ask_px)]))
step = max(1, int(np.gcd.reduce(np.diff(used))), (high - low) // 400)  # ticks of one row of the picture
low = low // step * step
picture = np.zeros(((high - low) // step + 1, len(grid.times)))
for prices, sizes in ((grid.bid_px, grid.bid_sz), (grid.ask_px, grid.ask_sz)):
    time, level = np.nonzero((prices >= low) & (prices < high))
    np.add.at(picture, ((prices[time, level] - low) // step, time), sizes[time, level])

figure, axes = plt.subplots(figsize=(12, 6), dpi=110)
seconds = (end - start) / 1e9
axes.imshow(np.log1p(picture), aspect="auto", origin="lower", cmap="magma", interpolation="nearest",
            extent=(0, seconds, instrument.price(low), instrument.price(high)))
shown = trades[trades["price"] != bourse.NO_PRICE]
bought = shown["side"] == b"B"
for chosen, color in ((bought, "deepskyblue"), (~bought, "orange")):
    axes.scatter((shown["ts_event"][chosen] - np.uint64(start)).astype(float) / 1e9,
                 instrument.price_floats(instrument.price_ticks(shown["price"][chosen])), s=4, c=color, linewidths=0)
axes.set(xlim=(0, seconds), ylim=(instrument.price(low), instrument.price(high)), xlabel="seconds", ylabel=instrument.quote or "price",
         title=f"{symbol}: depth, and trades by aggressor (blue buys, orange sells)")
figure.tight_layout()
figure.savefig(out)
print(f"{len(grid.times)} x {picture.shape[0]} cells, {len(shown)} trades: {out}")
