#!/usr/bin/python3
"""`bourse import dbn|binance|coinbase|kraken`: the bars of the market data folder, round trips, and files that are
cut short or none of their kind."""
import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile
import unittest

import numpy

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dbn_file

BINARY = os.environ["BOURSE_BINARY"]
SHARED = os.environ.get("BOURSE_SHARED")
DATA = os.path.join(SHARED, "data") if SHARED else ""
KRAKEN = os.path.join(DATA, "kraken_20210417/KRAKEN.ws.50.0")
BINANCE = os.path.join(DATA, "binance_spot_ethusdt_20240808/ethusdt_20240808.gz")
COINBASE = os.path.join(DATA, "coinbase_20260809/COINBASE.jsonl.zst")
ESM4 = os.path.join(DATA, "dbn_esm4_20240508/orderbooks_mbo_2024-05-08T00-00-00_2024-05-08T00-00-02.dbn.zst")
AAPL = os.path.join(DATA, "itch_aapl_20200130/locate-13-10k.bin")


class InAFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bourse-import-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name, content=None):
        path = os.path.join(self.folder, name)
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
        return path

    def bourse(self, *arguments, code=0):
        done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=180)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def load(self, kind, *files, journal="journal", code=0):
        done = self.bourse("import", kind, *files, "--journal", self.path(journal), "--format", "json", code=code)
        return json.loads(done.stdout), done.stderr

    def refused(self, kind, file, code, *words):
        done = self.bourse("import", kind, file, "--journal", self.path("none"), code=code)
        self.assertEqual(done.stdout, "")
        self.assertFalse(os.path.exists(self.path("none")), "no journal is made")
        for word in words:
            self.assertIn(word, done.stderr)

    def export(self, name, *arguments, journal="journal"):
        path = self.path(name)
        self.bourse("export", self.path(journal), "-o", path, *arguments)
        return path

    def verify(self, journal="journal"):
        self.assertIn("verified", self.bourse("replay", self.path(journal), "--verify").stdout)

    def equal_in_csv_and_npy(self):
        """What a journal says is the same in both; returns the rows."""
        with open(self.export("rows.csv"), encoding="utf-8") as file:
            table = list(csv.DictReader(file))
        array = numpy.load(self.export("rows.npy"), mmap_mode="r")
        self.assertEqual(len(table), len(array))
        for name in array.dtype.names:
            column = [value.decode() if isinstance(value, bytes) else str(value) for value in array[name].tolist()]
            self.assertEqual(column, [row[name] for row in table], name)
        return table


def levels_of(rows, side):
    """The levels of one side, from the rows of a book with one order per level."""
    orders = {}
    for row in rows:
        if row["action"] in "AM":
            orders[row["order_id"]] = (row["side"], int(row["price"]), int(row["size"]))
        elif row["action"] == "C":
            del orders[row["order_id"]]
        elif row["action"] == "R":
            orders.clear()
    return {price: size for s, price, size in orders.values() if s == side}


@unittest.skipUnless(DATA, "needs the market data folder")
class Recordings(InAFolder):
    def test_every_checksum_of_kraken_is_right(self):
        report, _ = self.load("kraken", KRAKEN)
        self.assertEqual(report["checks"]["checksums"], {"right": 4269, "all": 4269})
        self.assertEqual(report["checks"]["never_crossed"]["right"], report["checks"]["never_crossed"]["all"])
        self.assertEqual(len(report["symbols"]), 10)
        # One ask at 9,999,999,997 francs, which 64 bits of 1e-9 do not hold.
        self.assertEqual(report["counts"]["prices_beyond_a_journal"], 1)
        self.verify()
        self.equal_in_csv_and_npy()

    def test_binances_ids_follow_and_its_quotes_are_the_best_prices(self):
        report, _ = self.load("binance", BINANCE)
        self.assertEqual(report["checks"]["update_ids"], {"right": 3432, "all": 3432})
        self.assertEqual(report["checks"]["quotes"], {"right": 3432, "all": 3432})
        self.assertEqual(report["counts"]["trades"], 6106)
        self.verify()
        rows = self.equal_in_csv_and_npy()
        # An independent book: the snapshot and the updates, straight from the recording.
        book, snapshot_id, early = {"b": {}, "a": {}}, None, []
        with gzip.open(BINANCE, "rt") as file:
            for line in file:
                message = json.loads(line.split(" ", 1)[1])
                if "lastUpdateId" in message:
                    snapshot_id = message["lastUpdateId"]
                    book = {"b": dict(message["bids"]), "a": dict(message["asks"])}
                elif message["stream"].endswith("@depth@100ms"):
                    early.append(message["data"])
        for update in early:
            if update["u"] > snapshot_id:
                for side in "ba":
                    book[side].update(update[side])
        for side, letter in (("b", "B"), ("a", "A")):
            wanted = {round(float(p) * 100): round(float(q) * 100_000) for p, q in book[side].items() if float(q)}
            found = {price // 10_000_000: size for price, size in levels_of(rows, letter).items()}
            self.assertEqual(found, wanted)
        # The sizes have five decimals, so they fit 32 bits, and come back the same.
        first = self.export("first.dbn.zst")
        definitions = self.export("definitions.dbn", "--schema", "definition")
        self.load("dbn", definitions, first, journal="again")
        again = self.export("again.dbn.zst", journal="again")
        self.assertEqual(*([r._replace(sequence=0) for r in dbn_file.read(path)[1]] for path in (first, again)))

    def test_coinbases_sequence_has_no_gap_and_no_book_is_ever_crossed(self):
        report, _ = self.load("coinbase", COINBASE)
        self.assertEqual(report["checks"]["sequences"], {"right": 1030, "all": 1030})
        self.assertEqual(report["checks"]["never_crossed"]["right"], report["checks"]["never_crossed"]["all"])
        self.assertEqual([s["symbol"] for s in report["symbols"]], ["BTC-USD", "ETH-USD"])
        self.verify()
        rows = self.equal_in_csv_and_npy()
        book = {}
        text = subprocess.run(["zstd", "-dc", COINBASE], capture_output=True, check=True).stdout
        for line in text.splitlines():
            message = json.loads(line)
            if message["t"] != "recv" or '"l2_data"' not in message["data"]:
                continue
            for event in json.loads(message["data"])["events"]:
                if event["product_id"] == "ETH-USD":
                    for u in event["updates"]:
                        book[u["side"], round(float(u["price_level"]) * 100)] = round(float(u["new_quantity"]) * 1e8)
        for side, letter in (("bid", "B"), ("offer", "A")):
            wanted = {price: size for (s, price), size in book.items() if s == side and size}
            mine = [row for row in rows if row["symbol"] == "ETH-USD"]
            found = {price // 10_000_000: size for price, size in levels_of(mine, letter).items()}
            self.assertEqual(found, wanted)

    def test_a_size_beyond_32_bits_is_refused_in_words_that_say_what_to_do(self):
        # 0.00000001 BTC is a lot: 42.9 BTC are more lots than DBN's 32 bits count.
        self.load("coinbase", COINBASE)
        done = self.bourse("export", self.path("journal"), "-o", self.path("rows.dbn"), code=65)
        self.assertRegex(done.stderr, r"a size of [\d.]+ (BTC|ETH) \(\d+ lots\) does not fit the 32 bits that DBN has for it")
        self.assertRegex(done.stderr, r"sequence \d+, (BTC|ETH)-USD")
        self.assertIn("choose csv, jsonl or npy", done.stderr)
        self.assertFalse(os.path.exists(self.path("rows.dbn")))
        self.export("rows.npy")

    def test_a_recording_that_is_cut_short_gives_what_is_before_the_cut(self):
        with open(KRAKEN, "rb") as file:
            whole = file.read()
        cut = self.path("cut.ws", whole[:700_000])
        last = whole[:700_000].rindex(b"\n") + 1
        report, error = self.load("kraken", cut, code=65)
        self.assertIn(f"byte {last}: ends inside a message", error)
        lines = whole[:last].count(b"\n")
        self.assertIn(f"the {lines} lines before it were imported", error)
        self.assertEqual(report["messages"], lines)
        self.assertTrue(report["consistent"])
        self.verify()
        with open(BINANCE, "rb") as file:
            packed = self.path("cut.gz", file.read()[:500_000])
        report, error = self.load("binance", packed, journal="packed", code=65)
        self.assertIn("gzip file that is cut short", error)
        self.assertGreater(report["checks"]["update_ids"]["right"], 100)
        self.verify("packed")

    def test_a_wrong_checksum_and_a_gap_end_with_the_answer_no(self):
        with open(KRAKEN, "rb") as file:
            lines = file.read().split(b"\n")
        at = next(i for i, line in enumerate(lines) if b'"c":"2583817756"' in line)
        lines[at] = lines[at].replace(b'"c":"2583817756"', b'"c":"2583817757"')
        report, _ = self.load("kraken", self.path("wrong.ws", b"\n".join(lines)), code=10)
        self.assertEqual(report["checks"]["checksums"], {"right": 4268, "all": 4269})
        with gzip.open(BINANCE, "rb") as file:
            lines = file.read().split(b"\n")
        updates = [i for i, line in enumerate(lines) if b"@depth" in line]
        del lines[updates[1000]]
        report, _ = self.load("binance", self.path("gap.txt", b"\n".join(lines)), journal="gap", code=10)
        self.assertEqual(report["checks"]["update_ids"], {"right": 3430, "all": 3431})

    def test_a_file_of_another_kind_makes_no_journal(self):
        self.refused("kraken", BINANCE, 65, "line 1", "recording of Kraken")
        self.refused("coinbase", KRAKEN, 65, "line 1", "recording of Coinbase")
        self.refused("dbn", KRAKEN, 65, "is no DBN file")
        self.refused("kraken", self.path("empty", b""), 65, "no book")
        self.refused("kraken", self.path("missing"), 66, "No such file")

    def test_an_unknown_symbol_is_refused_with_those_that_are_there(self):
        done = self.bourse("import", "kraken", KRAKEN, "--journal", self.path("none"), "--symbols", "DOGE/USD", code=2)
        self.assertIn("there are ADA/XBT", done.stderr)


@unittest.skipUnless(DATA, "needs the market data folder")
class Dbn(InAFolder):
    def test_the_book_of_a_recorded_session_is_that_of_its_records(self):
        report, _ = self.load("dbn", ESM4)
        self.assertEqual(report["counts"], {"A": 13678, "C": 80, "F": 5, "M": 27, "R": 1, "T": 5,
                                            "fills_without_change": 0, "crossed": 0})
        self.assertTrue(report["consistent"])
        self.verify()
        orders = {}
        for r in dbn_file.read(ESM4)[1]:
            if r.action in "AM":
                orders[r.order_id] = [r.side, r.price, r.size]
            elif r.action == "C":
                orders[r.order_id][2] -= r.size
                if not orders[r.order_id][2]:
                    del orders[r.order_id]
        found = {}
        for r in dbn_file.read(self.export("book.dbn", "--from-seq", report["last_sequence"], "--snapshot"))[1]:
            if r.action in "AM":
                found[r.order_id] = [r.side, r.price, r.size]
            elif r.action == "C":
                found[r.order_id][2] -= r.size
                if not found[r.order_id][2]:
                    del found[r.order_id]
        self.assertEqual(found, orders)
        trades = [(r.price, r.size, r.side) for r in dbn_file.read(ESM4)[1] if r.action == "T"]
        ours = dbn_file.read(self.export("trades.dbn", "--schema", "trades"))[1]
        self.assertEqual([(r.price, r.size, r.side) for r in ours], trades)

    def test_a_day_of_nasdaq_comes_back_equal_from_dbn(self):
        self.bourse("import", "itch", AAPL, "--date", "2020-01-30", "--journal", self.path("journal"))
        first = self.export("first.dbn")
        definitions = self.export("definitions.dbn", "--schema", "definition")
        report, _ = self.load("dbn", first, definitions, journal="again")
        self.assertEqual(report["symbols"][0], {"symbol": "AAPL", "events": 9952, "orders": 215,
                                                "bid": {"price": "320.14", "quantity": "25"},
                                                "ask": {"price": "320.3", "quantity": "100"}})
        self.verify("again")
        again = self.export("again.dbn", journal="again")
        self.assertEqual(*([r._replace(sequence=0) for r in dbn_file.read(path)[1]] for path in (first, again)))

    def test_a_file_that_is_cut_short_gives_what_is_before_the_cut(self):
        whole = dbn_file.content(ESM4)
        cut = self.path("cut.dbn", whole[:206 + 13_700 * 56 + 11])
        report, error = self.load("dbn", cut, code=65)
        self.assertIn(f"byte {206 + 13_700 * 56}, record 13701: ends inside a record of 56 bytes", error)
        self.assertIn("13700 records before it were imported", error)
        self.assertEqual(report["messages"], 13_700)
        self.verify()
        self.refused("dbn", self.path("short.dbn", whole[:150]), 65, "byte 150", "ends inside its metadata")
        self.refused("dbn", self.path("version.dbn", b"DBN\x09" + whole[4:]), 65, "version 9")

    def test_a_file_without_orders_is_refused(self):
        sample = os.path.join(DATA, "dbn_format_samples/test_data.trades.dbn")
        self.refused("dbn", sample, 65, "no mbo records")


if __name__ == "__main__":
    sys.exit(unittest.main())
