#!/usr/bin/python3
"""Bars of any length from the log, as a DataFrame, and as CSV with a third argument: bars.py JOURNAL SYMBOL 1m [OUT.csv]"""
import sys

import pandas as pd

import bourse

journal, symbol, step = bourse.open(sys.argv[1]), sys.argv[2], sys.argv[3]
instrument = journal.instrument(symbol)
bars = bourse.bars(journal.to_ndarray("trades", symbol), step)
df = pd.DataFrame(
    {name: instrument.price_floats(instrument.price_ticks(bars[name])) for name in ("open", "high", "low", "close")}
    | {"vwap": bars["vwap"] / 1e9}  # a mean, between the ticks
    | {name: instrument.size_floats(instrument.size_lots(bars[name])) for name in ("volume", "buy_volume")}
    | {"trades": bars["trades"]},
    index=pd.DatetimeIndex(bars["ts_open"].view("datetime64[ns]"), tz="UTC", name="time"))
print(df.to_string(max_rows=12))
if len(sys.argv) > 4:
    df.to_csv(sys.argv[4])
    print(f"{len(df)} bars in {sys.argv[4]}")
