#!/usr/bin/python3
"""Q1: how fast Python has a journal as arrays and as a DataFrame, and a frame as rows: bench/journal/read_journal.py JOURNAL"""
import os
import pathlib
import resource
import sys
import time

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "clients" / "python"))

import numpy as np  # noqa: E402

import bourse  # noqa: E402
from bourse import records  # noqa: E402


def measure(name, work, unit="events"):
    """Wall time, and processor time, which others on the machine disturb less."""
    began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    count = work()
    wall, now = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    print(f"{name:<44} {count:>11,} {unit:<7} {wall:7.2f} s wall {count / wall / 1e6:7.2f} M/s   {cpu:7.2f} s cpu {count / cpu / 1e6:7.2f} M/s",
          flush=True)


def view(frame, rows):
    rounds = 100_000
    began = time.process_time()
    for _ in range(rounds):
        bourse.Frame(frame).rows
    print(f"{'a frame as rows, without a copy':<44} {(time.process_time() - began) / rounds * 1e6:.2f} us cpu a frame, of {rows} rows")


def main():
    journal = bourse.open(sys.argv[1])
    print(f"{journal}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, numpy {np.__version__}")
    measure("where every record is (walk)", lambda: sum(len(journal._offsets(s)[1]) for s in journal.segments), "records")
    measure("definitions", lambda: len(journal.instruments), "symbols")
    measure("to_ndarray('events'): ticks and lots", lambda: len(journal.to_ndarray("events")))
    measure("to_ndarray('mbo'): as on the wire", lambda: len(journal.to_ndarray("mbo")))
    measure("to_df('mbo'): ticks and lots", lambda: len(journal.to_df("mbo")))
    measure("to_df('mbo', prices='float', sizes='float')", lambda: len(journal.to_df("mbo", prices="float", sizes="float")))
    symbol = journal.symbols[0]
    measure(f"book('{symbol}'): events of one symbol applied", lambda: journal.book(symbol).rpt_seq or 0)
    sys.path.insert(0, str(ROOT / "tests" / "python"))
    from frame_maker import frame_of
    view(frame_of(1, np.zeros(1000, records.MBO)), 1000)


if __name__ == "__main__":
    main()
