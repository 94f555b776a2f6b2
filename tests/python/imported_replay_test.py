#!/usr/bin/python3
"""Recordings of real markets, and the demo's, replayed over wss at ten times their pace into a client that knows only the live feed: what it
has received is the journal, row by row and book by book. Times in which nothing happened are cut."""
import os
import signal
import subprocess
import tempfile
import threading
import unittest

from package import ROOT  # noqa: F401

try:
    import websockets  # noqa: F401
except ImportError:
    print("skipped: needs python3-websockets")
    raise SystemExit(77)

from exchange_process import ExchangeProcess, binary, run, wait_until

import numpy as np

import bourse

SHARED = os.environ.get("BOURSE_SHARED")
DATA = os.path.join(SHARED, "data") if SHARED else ""
SECONDS_MAX = 120
SPEED = ("--speed", "10", "--max-gap-ms", "10")


class Replayed:
    """`bourse serve-replay` of a journal."""

    def __init__(self, journal):
        self.process = subprocess.Popen([binary(), "serve-replay", journal, "--port", "0", *SPEED], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        said = []
        for line in self.process.stdout:
            said.append(line)
            if "/v1/replay" in line:
                self.url = line.split()[1].rsplit("/v1/", 1)[0]
            if "Ctrl-C" in line:
                break
        else:
            raise AssertionError("serve-replay did not start:\n" + "".join(said))
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


class Markets(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="bourse-replayed-"))
        self.directory = os.path.join(self.folder, "journal")

    def imported(self, kind, name, *more):
        path = os.path.join(DATA, name)
        if not DATA or not os.path.exists(path):
            self.skipTest("needs the market data folder")
        run("import", kind, path, "--journal", self.directory, *more, check=0)
        self.replay_is_the_journal()

    def replay_is_the_journal(self):
        journal = bourse.open(self.directory)
        self.assertGreater(journal.last_seq, 500)
        wanted = {i.id: journal.to_ndarray("mbo", i.symbol) for i in journal.instruments.values()}
        left, rows = sum(map(len, wanted.values())), {number: [] for number in wanted}
        with Replayed(self.directory) as server:
            with bourse.Live(server.url, insecure=True) as live:
                live.subscribe("mbo", "*")
                watchdog = threading.Timer(SECONDS_MAX, live.close)
                watchdog.start()
                for event in live:
                    self.assertNotIsInstance(event, (bourse.Gap, bourse.Stale, bourse.Disconnected))
                    if isinstance(event, bourse.Frame) and event.channel == bourse.Channel.MBO:
                        rows[int(event.rows["instrument_id"][0])].append(event.rows.copy())
                        left -= len(event.rows)
                        if left == 0:
                            break
                watchdog.cancel()
        self.assertEqual(left, 0, "not all came in time")
        for number, instrument in journal.instruments.items():
            got = np.concatenate(rows[number]) if rows[number] else wanted[number][:0]
            self.assertEqual(got.tobytes(), wanted[number].tobytes(), instrument.symbol)
            if not len(got):
                continue
            book = bourse.Book(instrument)
            book.apply(got)
            self.assertEqual(book.book_hash(), journal.book(instrument.symbol).book_hash(), instrument.symbol)

    def test_apple_at_nasdaq(self):
        self.imported("itch", "itch_aapl_20200130/locate-13-10k.bin", "--date", "2020-01-30")

    def test_kraken(self):
        self.imported("kraken", "kraken_20210417/KRAKEN.ws.50.0")

    def test_binance(self):
        self.imported("binance", "binance_spot_ethusdt_20240808/ethusdt_20240808.gz")

    def test_coinbase(self):
        self.imported("coinbase", "coinbase_20260809/COINBASE.jsonl.zst")

    def test_the_demo_market(self):
        with ExchangeProcess(journal=self.directory) as exchange:
            self.assertTrue(wait_until(lambda: bourse.open(self.directory).last_seq > 5000, 60))
            exchange.stop()
        self.replay_is_the_journal()


if __name__ == "__main__":
    unittest.main()
