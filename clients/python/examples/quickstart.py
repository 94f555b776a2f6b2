#!/usr/bin/python3
"""The book of one symbol, live: quickstart.py wss://127.0.0.1:9443 BTC-USD [FRAMES]"""
import sys

import bourse

url, symbol, count = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 100
with bourse.Live(url, insecure=True) as live:  # insecure: the demo signs its own certificate
    live.subscribe("mbo", symbol, snapshot=True)
    book = None
    for event in live:
        if not isinstance(event, bourse.Frame):
            print(event)  # Defined, Gap, Stale, Reconnected, ...: never invisible
            continue
        book = book or live.book(symbol)
        book.apply(event.rows)
        count -= 1
        if count <= 0:
            break
print(book)
