#!/usr/bin/python3
"""The latency of the feed as this process sees it, on this machine's clock: feed_latency.py URL [SECONDS]

Three stretches: sequenced to published (durable, encoded), published to received, and both."""
import sys
import time

import numpy as np

import bourse

url, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 5
stretches = []
with bourse.Live(url, insecure=True) as live:
    live.subscribe("mbo", "*")

    def note(event):
        now = time.time_ns()
        if isinstance(event, bourse.Frame) and not event.is_replay and event.rows is not None:
            born = int(event.rows["ts_event"][0])  # the oldest event of the frame
            stretches.append((event.ts_pub - born, now - event.ts_pub, now - born))

    live.run(note, seconds)
if not stretches:
    sys.exit("no frame in this time: is the market open?")
table = np.array(stretches) / 1e3
print(f"{len(table)} frames in {seconds:g} s; microseconds      p50       p90       p99       max")
for name, column in zip(("sequenced to published", "published to received", "sequenced to received"), table.T):
    print(f"{name:<40}" + "".join(f"{np.quantile(column, q):10.1f}" for q in (0.5, 0.9, 0.99, 1)))
