#!/usr/bin/python3
"""`bourse export`: what other tools read in its files, checked with readers that share nothing with the writer."""
import csv
import glob
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest

import numpy

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dbn_file

BINARY = os.environ["BOURSE_BINARY"]
SHARED = os.environ.get("BOURSE_SHARED")
DATA = os.path.join(SHARED, "data") if SHARED else None
SCHEMAS = list(dbn_file.SCHEMAS)
INTEGER_MAX = 2**63 - 1


def bourse(*arguments, code=0, **options):
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)
    if done.returncode != code:
        raise AssertionError(f"bourse {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stderr}")
    return done


def needs_data(test):
    return unittest.skipUnless(DATA, "needs the market data folder")(test)


def flat(record):
    """A DBN record as the columns of a table, without the length."""
    out = {}
    for name, value in record._asdict().items():
        if name in ("levels", "level"):
            for i, level in enumerate(value if name == "levels" else [value]):
                out.update(zip((f"{column}_{i:02}" for column in ("bid_px", "ask_px", "bid_sz", "ask_sz", "bid_ct",
                                                                  "ask_ct")), level))
        elif name != "length":
            out[name] = value
    return out


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def manifest_of(path):
    return json.loads("".join(lines_of(path + ".manifest.json")))


def as_text(row):
    return {name: value.decode() if isinstance(value, bytes) else str(value) for name, value in row.items()}


def nested(row):
    """A line of JSON as the columns of a table."""
    out = {}
    for name, value in row.items():
        if name == "hd":
            out.update(nested(value))
        elif name == "levels":
            for i, level in enumerate(value):
                out.update({f"{column}_{i:02}": str(number) for column, number in level.items()})
        else:
            out[name] = str(value)
    return out


class Book:
    """An independent book of DBN mbo records."""

    def __init__(self):
        self.orders, self.most, self.crossed = {}, 0, 0

    def apply(self, r):
        if r.action == "A":
            assert r.order_id not in self.orders, r
            self.orders[r.order_id] = [r.side, r.price, r.size]
        elif r.action == "M":
            assert self.orders[r.order_id][0] == r.side, r
            self.orders[r.order_id] = [r.side, r.price, r.size]
        elif r.action == "C":
            order = self.orders[r.order_id]
            assert order[:2] == [r.side, r.price] and order[2] >= r.size, r
            order[2] -= r.size
            if not order[2]:
                del self.orders[r.order_id]
        elif r.action == "R":
            self.orders.clear()
        elif r.action == "F":
            assert self.orders[r.order_id][0] == r.side and self.orders[r.order_id][2] >= r.size, r
        self.most = max(self.most, len(self.orders))
        if r.flags & 0x80:
            bid, ask = self.best()
            self.crossed += bool(bid and ask and bid[0] >= ask[0])

    def side(self, side):
        levels = {}
        for s, price, size in self.orders.values():
            if s == side:
                total, count = levels.get(price, (0, 0))
                levels[price] = (total + size, count + 1)
        return sorted(levels.items(), reverse=side == "B")

    def best(self):
        bids, asks = self.side("B"), self.side("A")
        return (bids[0] if bids else None), (asks[0] if asks else None)


class Export(unittest.TestCase):
    """One day of AAPL, as Nasdaq told it, in a journal."""

    @classmethod
    def setUpClass(cls):
        if not DATA:
            raise unittest.SkipTest("needs the market data folder")
        cls.folder = tempfile.TemporaryDirectory(prefix="bourse-export-")
        cls.journal = os.path.join(cls.folder.name, "journal")
        bourse("import", "itch", os.path.join(DATA, "itch_aapl_20200130/locate-13-10k.bin"), "--date", "2020-01-30",
               "--journal", cls.journal)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, self.id().rsplit(".", 1)[1] + "." + name)

    def export(self, name, *arguments, **options):
        path = self.path(name)
        bourse("export", self.journal, "-o", path, *arguments, **options)
        return path

    def test_every_schema_is_dbn_of_version_3_and_equal_in_npy_csv_and_jsonl(self):
        for schema in SCHEMAS:
            with self.subTest(schema):
                head, records = dbn_file.read(self.export(schema + ".dbn", "--schema", schema))
                self.assertEqual((head.version, head.dataset, head.schema), (3, "BOURSE.JOURNAL",
                                                                             dbn_file.SCHEMAS[schema]))
                self.assertEqual(head.mappings, {"AAPL": [(20200130, 20200131, "1")]})
                self.assertEqual((head.stype_in, head.stype_out, head.ts_out, head.limit), (1, 0, 0, 0))
                self.assertTrue(all(head.start <= r.ts_event < head.end for r in records) or "ohlcv" in schema)
                table = list(csv.DictReader(lines_of(self.export(schema + ".csv", "--schema", schema))))
                lines = [nested(json.loads(line)) for line in lines_of(self.export(schema + ".jsonl", "--schema", schema))]
                array = numpy.load(self.export(schema + ".npy", "--schema", schema), mmap_mode="r")
                self.assertEqual(len(records), len(table))
                self.assertEqual(len(records), len(array))
                self.assertEqual(lines, table)
                names = array.dtype.names
                rows = [as_text(dict(zip(names, row.item()))) for row in array]
                for row, line in zip(rows, table):
                    self.assertEqual({**row, "symbol": "AAPL"}, line)
                if schema in ("definition", "imbalance", "status"):
                    continue  # other columns than DBN has
                for record, line in zip(records, table):
                    wanted = {name: line[name] for name in flat(record)}
                    self.assertEqual(as_text(flat(record)), wanted)

    def test_the_book_of_the_mbo_records_is_the_one_that_is_known(self):
        _, records = dbn_file.read(self.export("dbn.zst"))
        book = Book()
        for record in records:
            book.apply(record)
        self.assertEqual((book.most, book.crossed), (216, 0))
        bid, ask = book.best()
        self.assertEqual((bid[0], bid[1][0]), (320_140_000_000, 25))
        self.assertEqual((ask[0], ask[1][0]), (320_300_000_000, 100))
        actions = [r.action for r in records]
        self.assertEqual((actions.count("T"), actions.count("F")), (1089, 849))
        self.assertEqual([r.ts_recv for r in records], sorted(r.ts_recv for r in records))
        self.assertEqual(records[-1].flags, 0x80)

    def test_the_levels_of_mbp_10_are_those_of_the_mbo_book(self):
        _, orders = dbn_file.read(self.export("mbo.dbn"))
        _, levels = dbn_file.read(self.export("mbp.dbn", "--schema", "mbp-10"))
        last = {r.sequence: r for r in levels if r.action != "T"}
        book, compared = Book(), 0
        for record in orders:
            book.apply(record)
            if record.flags & 0x80 and record.sequence in last and compared < 2000:
                found = last[record.sequence].levels
                for side, at in (("B", 0), ("A", 1)):
                    wanted = [(price, size, count) for price, (size, count) in book.side(side)[:10]]
                    wanted += [(INTEGER_MAX, 0, 0)] * (10 - len(wanted))
                    self.assertEqual([(l[at], l[at + 2], l[at + 4]) for l in found], wanted, record.sequence)
                compared += 1
        self.assertEqual(compared, 2000)

    def test_a_tbbo_row_has_the_quote_before_the_trade_and_bars_have_all_volume(self):
        _, trades = dbn_file.read(self.export("trades.dbn", "--schema", "trades"))
        _, quotes = dbn_file.read(self.export("tbbo.dbn", "--schema", "tbbo"))
        self.assertEqual([t[1:-1] for t in trades], [(0, *q[2:-1]) for q in quotes])
        for quote in quotes:
            if quote.side == "A":  # a seller hit the bid
                self.assertEqual(quote.price, quote.levels[0][0])
        volume = sum(t.size for t in trades)
        for bars in ("ohlcv-1s", "ohlcv-1m", "ohlcv-1h", "ohlcv-1d"):
            _, rows = dbn_file.read(self.export(bars + ".dbn", "--schema", bars))
            self.assertEqual(sum(r.volume for r in rows), volume)
            self.assertTrue(all(r.low <= min(r.open, r.close) and r.high >= max(r.open, r.close) for r in rows))
        self.assertEqual((rows[0].open, rows[0].close), (trades[0].price, trades[-1].price))

    def test_a_snapshot_and_the_rest_give_the_book_of_the_whole(self):
        _, whole = dbn_file.read(self.export("whole.dbn"))
        _, rest = dbn_file.read(self.export("rest.dbn", "--from-seq", 5000, "--snapshot"))
        full, later = Book(), Book()
        for record in whole:
            full.apply(record)
        self.assertEqual(rest[0].action, "R")
        head = [r for r in rest if r.flags & 0x20]
        self.assertEqual([r.flags for r in head], [0x28] * (len(head) - 1) + [0xA8])
        for record in rest:
            later.apply(record)
        self.assertEqual(later.orders, full.orders)
        self.assertEqual([r for r in rest if not r.flags & 0x20], [r for r in whole if r.sequence >= 5000])

    def test_tardis_levels_add_up_to_the_book(self):
        path = self.export("csv.zst", "--to", "tardis-csv")
        levels = {}
        lines = dbn_file.content(path).decode().splitlines()
        for line in csv.DictReader(lines):
            self.assertEqual((line["exchange"], line["symbol"]), ("bourse", "AAPL"))
            if line["amount"] == "0":
                del levels[line["side"], line["price"]]
            else:
                levels[line["side"], line["price"]] = int(line["amount"])
        self.assertEqual(levels["bid", "320.14"], 25)
        self.assertEqual(max(float(price) for side, price in levels if side == "bid"), 320.14)
        trades = list(csv.DictReader(lines_of(self.export("trades.csv", "--to", "tardis-csv", "--schema", "trades"))))
        self.assertEqual(len(trades), 1089)
        self.assertEqual({t["side"] for t in trades}, {"buy", "sell", "unknown"})

    def test_pretty_texts_are_decimals_and_times_of_a_calendar(self):
        line = next(csv.DictReader(lines_of(self.export("csv", "--pretty"))))
        self.assertEqual((line["ts_event"], line["price"]), ("2020-01-30T09:00:00.667465235Z", "322.400000000"))

    def test_parts_have_what_the_whole_has_and_the_manifest_proves_them(self):
        _, whole = dbn_file.read(self.export("whole.dbn"))
        for how, count in (("symbol", 1), ("day", 1), ("size", 7)):
            with self.subTest(how):
                path = self.export(how + ".dbn.zst", "--split-by", how, "--split-bytes", 100_000)
                manifest = manifest_of(path)
                self.assertEqual(len(manifest["files"]), count)
                rows = []
                for file in manifest["files"]:
                    name = os.path.join(self.folder.name, file["path"])
                    raw = dbn_file.raw(name)
                    self.assertEqual((file["bytes"], file["sha256"]), (len(raw), hashlib.sha256(raw).hexdigest()))
                    part = dbn_file.read(name)[1]
                    self.assertEqual((file["rows"], file["first_sequence"], file["last_sequence"]),
                                     (len(part), part[0].sequence, part[-1].sequence))
                    rows += part
                self.assertEqual(rows, whole)
                self.assertEqual((manifest["rows"], manifest["transactions"], manifest["events"]),
                                 (len(whole), 9948, 9954))
        self.assertTrue(os.path.exists(self.path("symbol.AAPL.dbn.zst")))
        self.assertTrue(os.path.exists(self.path("day.2020-01-30.dbn.zst")))

    def test_a_range_of_times_is_that_of_its_sequences(self):
        _, whole = dbn_file.read(self.export("whole.dbn"))
        begin, end = whole[1000].ts_event, whole[2000].ts_event
        _, part = dbn_file.read(self.export("part.dbn", "--start", begin, "--end", end))
        self.assertEqual(part, [r for r in whole if begin <= r.ts_event < end])

    def test_a_pipe_gets_the_file_and_nothing_else(self):
        path = self.export("dbn")
        piped = subprocess.run([BINARY, "export", self.journal, "--to", "dbn", "-o", "-"], capture_output=True,
                               check=True)
        self.assertEqual(piped.stdout, dbn_file.raw(path))

    def refused(self, code, words, *arguments):
        path = self.path("dbn")
        before = set(os.listdir(self.folder.name))
        done = bourse("export", self.journal, "-o", path, *arguments, code=code)
        self.assertEqual(set(os.listdir(self.folder.name)), before, "nothing is left behind")
        for word in words:
            self.assertIn(word, done.stderr)

    def test_what_is_not_there_is_refused_with_what_is(self):
        self.refused(2, ["no symbol MSFT", "there are AAPL"], "--symbols", "MSFT")
        self.refused(2, ["sequence 20000", "there are sequences 1 to 9948", "2020-01-30T12:59:30"],
                     "--from-seq", 20000)
        self.refused(2, ["not in the journal", "sequences 1 to 9948"], "--start", "2021-01-01")
        self.refused(2, ["no schema", "ohlcv-1h"], "--schema", "level3")
        self.refused(2, ["no format"], "--to", "parquet")
        self.refused(2, ["has no table for status"], "--to", "tardis-csv", "--schema", "status")

    def test_a_size_that_does_not_fit_is_named_and_never_clipped(self):
        self.refused(65, ["sequence", "is no multiple of --size-unit 1000", "AAPL"], "--size-unit", 1000)

    def test_a_file_that_is_there_stays_unless_it_is_forced(self):
        path = self.export("csv")
        before = os.stat(path).st_mtime_ns
        done = bourse("export", self.journal, "-o", path, code=73)
        self.assertIn("is there already", done.stderr)
        self.assertEqual(os.stat(path).st_mtime_ns, before)
        bourse("export", self.journal, "-o", path, "--force")


class Samples(unittest.TestCase):
    @needs_data
    def test_the_samples_of_the_format_read_the_same_in_each_version(self):
        by_schema = {}
        for path in sorted(glob.glob(os.path.join(DATA, "dbn_format_samples/*"))):
            head, records = dbn_file.read(path)
            self.assertEqual(head.symbols, ["ESH1"], path)
            self.assertEqual(head.mappings["ESH1"][0][2], "5482", path)
            by_schema.setdefault(os.path.basename(path).split(".")[1], []).append((path, records))
        self.assertEqual(len(by_schema), 6)
        for schema, files in by_schema.items():
            for path, records in files:
                self.assertEqual(records, files[0][1], f"{path} and {files[0][0]}")


class ALiveJournal(unittest.TestCase):
    def test_a_journal_that_is_being_written_is_exported_up_to_its_head(self):
        with tempfile.TemporaryDirectory(prefix="bourse-live-") as folder:
            journal = os.path.join(folder, "journal")
            server = subprocess.Popen([BINARY, "serve", "--demo", "--port", "0", "--journal", journal],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder)
            try:
                for line in server.stdout:
                    if "Ctrl-C" in line:
                        break
                deadline = time.monotonic() + 60
                head = 0
                while head < 500 and time.monotonic() < deadline:
                    path = os.path.join(folder, "live.dbn")
                    done = subprocess.run([BINARY, "export", journal, "-o", path, "--force"], capture_output=True,
                                          text=True)
                    if done.returncode == 0:
                        head = manifest_of(path)["last_sequence"]
                    else:  # in its first moments there is nothing in it
                        self.assertIn("the journal is empty so far", done.stderr)
                self.assertGreaterEqual(head, 500)
                metadata, records = dbn_file.read(path)
                self.assertEqual(sorted(metadata.symbols), sorted(metadata.mappings))
                books = {}
                for record in records:
                    books.setdefault(record.instrument_id, Book()).apply(record)
                self.assertGreater(sum(len(book.orders) for book in books.values()), 0)
            finally:
                server.send_signal(2)
                server.communicate(timeout=60)
            again = os.path.join(folder, "again.dbn")
            bourse("export", journal, "-o", again, "--to-seq", head)
            self.assertEqual(dbn_file.read(again)[1], records)


if __name__ == "__main__":
    sys.exit(unittest.main())
