#!/usr/bin/python3
"""Draws what `bourse_journal_peers --json FILE` wrote: one SVG, a panel of bars per figure, logarithmic.

usage: bench/journal/plot_journal_peers.py FILE.json OUT.svg [NOTE]

NOTE: a line under the panels, such as the machine."""
import html
import json
import math
import sys

PANELS = [("durable_p50_us", "durable p50, us (less is better)"), ("durable_p99_us", "durable p99, us (less is better)"),
          ("burst", "burst, M records/s"), ("read", "read, M records/s"), ("seek_us", "seek p50, us (less is better)")]
WIDTH, BAR, LEFT, RIGHT = 640, 16, 130, 90


def main():
    if len(sys.argv) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = json.load(file)
    parts, y = [], 10
    for key, title in PANELS:
        values = [(f"{row['log']}, {row['bytes']} B", row[key]) for row in rows if row[key]]
        low = min(v for _, v in values) / 2
        high = max(v for _, v in values)
        y += 24
        parts.append(f'<text x="10" y="{y}" font-weight="bold">{title}</text>')
        for name, value in values:
            y += BAR + 4
            long = (WIDTH - LEFT - RIGHT) * math.log(value / low) / math.log(high / low)
            colour = "#1f6feb" if name.startswith("Bourse") else "#9aa4af"
            parts.append(f'<text x="{LEFT - 6}" y="{y}" text-anchor="end">{name}</text>')
            parts.append(f'<rect x="{LEFT}" y="{y - 12}" width="{long:.0f}" height="{BAR}" fill="{colour}"/>')
            parts.append(f'<text x="{LEFT + long + 5:.0f}" y="{y}">{value:.4g}</text>')
        y += 10
    if len(sys.argv) == 4:
        y += 10
        parts.append(f'<text x="10" y="{y}" font-size="10">{html.escape(sys.argv[3])}</text>')
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 10}" '
                   'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n'
                   + "\n".join(parts) + "\n</svg>\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
