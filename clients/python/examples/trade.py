#!/usr/bin/python3
"""An order's life, and both kinds of no: trade.py URL [SYMBOL]"""
import sys

import bourse

url, symbol = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "BTC-USD"
with bourse.connect(url, insecure=True) as x:  # the demo's key; others: connect(url, "my-key", secret)
    instrument = x.instruments[symbol]
    order = x.buy(symbol, lots=100, price="10000.00", cl_ord_id="first")
    print(f"accepted as {order.order_id}: {order.side} {order.leaves} {instrument.base} at {order.price}, {order.status}")
    x.amend(order, price="10000.01")
    print(f"amended to {order.price}")
    x.cancel(order)
    print(f"now {order.status}")

    taken = x.sell(symbol, lots=10)  # no price: a market order
    for report in x.reports(seconds=1):
        if report.order_id == taken.order_id and report.last_qty:
            print(f"sold {report.last_qty} at {report.last_px}, {report.leaves_qty} left")

    for attempt in (lambda: x.buy(symbol, "1", price=instrument.price(1) / 2 + 10000), lambda: x.cancel(order)):
        try:
            attempt()
        except bourse.Rejected as no:
            print(f"no: {no} ({'in the log' if no.sequenced else 'never sequenced'})")
    x.cancel_after(5000)  # unless this is said again within five seconds, everything is cancelled
    x.cancel_after(0)
