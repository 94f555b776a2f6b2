#!/usr/bin/python3
"""Every example runs and says something true; every Python block of docs/PYTHON.md runs, one after the other, as a reader would."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from package import ROOT

for module, package in (("pandas", "python3-pandas"), ("websockets", "python3-websockets")):
    try:
        __import__(module)
    except ImportError:
        print(f"skipped: needs {package}")
        sys.exit(77)

from exchange_process import ExchangeProcess, run

EXAMPLES = ROOT / "clients" / "python" / "examples"
LINES_MAX = 60


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="bourse-examples-")
        cls.day = os.path.join(cls.folder.name, "day")
        tape = cls.day + ".itch"
        run("generate", "itch", "-o", tape, "--messages", "20000", "--symbols", "4", check=0)
        run("import", "itch", tape, "--date", "2026-01-05", "--journal", cls.day, check=0)
        cls.exchange = ExchangeProcess().start()

    @classmethod
    def tearDownClass(cls):
        cls.exchange.__exit__()
        cls.folder.cleanup()

    def says(self, name, *arguments):
        done = subprocess.run([sys.executable, "-W", "error::RuntimeWarning", EXAMPLES / f"{name}.py", *arguments], text=True,
                              capture_output=True, timeout=120, cwd=self.folder.name,
                              env=os.environ | {"PYTHONPATH": str(ROOT / "clients" / "python")})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def number(self, pattern, text):
        match = re.search(pattern, text)
        self.assertTrue(match, text)
        return float(match[1])

    def test_spread_and_depth(self):
        said = self.says("spread_and_depth", self.day, "AAAA")
        self.assertGreater(self.number(r"spread in ticks   mean ([\d.]+)", said), 0)
        self.assertEqual(said.count("lots in 10"), 2)

    def test_classify_trades(self):
        said = self.says("classify_trades", self.day, "AAAA")
        self.assertGreater(self.number(r"quote rule +([\d.]+) %", said), 70)

    def test_bars(self):
        out = os.path.join(self.folder.name, "bars.csv")
        said = self.says("bars", self.day, "AAAA", "30m", out)
        with open(out) as file:
            self.assertEqual(self.number(r"(\d+) bars in", said), len(file.readlines()) - 1)

    def test_order_flow_imbalance(self):
        explained = self.number(r"R2 = ([\d.]+)", self.says("order_flow_imbalance", self.day, "AAAA", "60s"))
        self.assertTrue(0 <= explained <= 1)

    def test_markouts(self):
        self.assertEqual(self.says("markouts", self.day, "AAAA").count("after"), 5)

    def test_order_lifetimes(self):
        said = self.says("order_lifetimes", self.day)
        self.assertGreater(self.number(r"AAAA +(\d+) orders", said), 100)

    def test_heatmap(self):
        try:
            import matplotlib  # noqa: F401
        except ImportError:
            self.skipTest("needs python3-matplotlib")
        out = os.path.join(self.folder.name, "depth.png")
        self.says("heatmap", self.day, "AAAA", out)
        with open(out, "rb") as file:
            self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")

    def test_market_maker_backtest(self):
        said = self.says("market_maker_backtest", self.day, "AAAA", "10")
        self.assertGreater(self.number(r"(\d+) lots filled", said), 0)
        self.assertIn("lots ahead", said)

    def test_quickstart(self):
        self.assertIn("BTC-USD  seq", self.says("quickstart", self.exchange.url, "BTC-USD", "20"))

    def test_feed_latency(self):
        said = self.says("feed_latency", self.exchange.url, "2")
        self.assertGreater(self.number(r"sequenced to received +([\d.]+)", said), 0)

    def test_record_and_resume(self):
        out = os.path.join(self.folder.name, "trades.csv")
        for _ in range(2):
            self.says("record_and_resume", self.exchange.url, out, "50")
        with open(out) as file:
            rows = [line.split(",") for line in file]
        self.assertGreaterEqual(len(rows), 100)
        matches = [int(r[5]) for r in rows]
        self.assertEqual(matches, list(range(matches[0], matches[0] + len(matches))), "no hole, no duplicate")

    def test_trade(self):
        said = self.says("trade", self.exchange.url)
        for word in ("accepted as", "amended to 10000.01", "now canceled", "sold", "5003 bad_tick", "5009 unknown_order"):
            self.assertIn(word, said)

    def test_each_is_short(self):
        for path in EXAMPLES.glob("*.py"):
            self.assertLess(len(path.read_text().splitlines()), LINES_MAX, path.name)

    def test_the_python_of_the_page_runs(self):
        page = (ROOT / "docs" / "PYTHON.md").read_text()
        blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        self.assertGreater(len(blocks), 5)
        script = "\n".join(blocks).replace("wss://127.0.0.1:9443", self.exchange.url)
        done = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True, timeout=120, cwd=self.folder.name,
                              env=os.environ | {"PYTHONPATH": str(ROOT / "clients" / "python")})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("5003 bad_tick", done.stdout)

    def test_every_example_is_on_the_page_and_has_a_test(self):
        page, tests = (ROOT / "docs" / "PYTHON.md").read_text(), pathlib.Path(__file__).read_text()
        for path in EXAMPLES.glob("*.py"):
            self.assertIn(path.name, page)
            self.assertIn(f'self.says("{path.stem}"', tests)


if __name__ == "__main__":
    unittest.main()
