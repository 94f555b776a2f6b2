#!/usr/bin/python3
"""Records trades into a file; run again, it goes on behind the last one, without a hole or a duplicate, whatever happened in between.
record_and_resume.py URL OUT.csv COUNT"""
import os
import sys

import bourse

url, path, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
last = 0
if os.path.exists(path):
    with open(path) as file:
        last = max((int(line.split(",")[0]) for line in file), default=0)

with bourse.Live(url, insecure=True) as live, open(path, "a") as file:
    live.subscribe("trade", "*", **({"from_seq": last + 1} if last else {"start": "earliest"}))
    written = 0
    pending = []  # up to the next point at which every symbol has all up to one sequence (rule S4)
    for event in live:
        if isinstance(event, bourse.Gap) and not event.is_healed:
            sys.exit(f"lost for ever: {event}")
        if not isinstance(event, bourse.Frame) or event.rows is None:
            continue
        pending += [(int(r["seq"]), event.symbol, int(r["price"]), int(r["size"]), r["side"].decode(), int(r["match_id"])) for r in event.rows]
        if event.flags & bourse.FrameFlag.FLUSH_LAST:
            pending.sort(key=lambda trade: trade[0])
            file.writelines(",".join(map(str, row)) + "\n" for row in pending)
            file.flush()
            written, pending = written + len(pending), []
            if written >= count:
                break
print(f"{written} trades added to {path}, from sequence {last + 1}")
