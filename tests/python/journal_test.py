#!/usr/bin/python3
"""Journals as arrays: what the package reads from the files equals what `bourse replay` tells, record by record, in segments that are
sealed, compressed, open and being written; damage is named and never delivered."""
import csv
import json
import os
import random
import shutil
import struct
import subprocess
import tempfile
import unittest
from decimal import Decimal

from package import ROOT  # noqa: F401
from exchange_process import ExchangeProcess, run, wait_until

import numpy as np

import bourse
from bourse import checksum, zstd
from bourse.records import NO_PRICE, Kind
from bourse.segment import HEADER_BYTES

SEGMENTS = ("--set", "journal.segment_bytes=200000", "--set", "snapshot.every_transactions=500")
SEED = int(os.environ.get("BOURSE_SEED", random.randrange(2**32)))
ROUNDS = 60 * int(os.environ.get("BOURSE_ROUNDS", 1))
KINDS = {1: "add", 2: "modify", 3: "cancel", 4: "execute", 5: "trade", 6: "clear", 7: "status", 8: "definition", 9: "imbalance",
         10: "bust"}
SIDES = {0: None, 1: "buy", 2: "sell"}


def replayed(directory, *arguments):
    return [json.loads(line) for line in run("replay", directory, "--format", "json", *arguments, check=0)[1].splitlines()]


class AJournal(unittest.TestCase):
    """One demo market, whose log has many segments: some sealed, some compressed, the last one open."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="bourse-python-")
        cls.directory = os.path.join(cls.folder.name, "journal")
        with ExchangeProcess(*SEGMENTS, journal=cls.directory) as x:
            assert wait_until(lambda: len([n for n in os.listdir(cls.directory) if n.endswith(".seg")]) > 8, 60)
            cls.live = bourse.open(cls.directory)  # while it is written
            cls.live_columns = cls.live.to_ndarray("events")
            x.stop()
        cls.told = replayed(cls.directory)
        cls.raw = bourse.open(cls.directory).to_ndarray("events")
        third = sorted(n for n in os.listdir(cls.directory) if n.endswith(".seg"))[2]
        shutil.copy(os.path.join(cls.directory, third), cls.folder.name)
        run("journal", "compact", cls.directory, check=0)
        shutil.move(os.path.join(cls.folder.name, third), cls.directory)  # one that is not compressed yet
        os.remove(os.path.join(cls.directory, third + ".zst"))
        cls.journal = bourse.open(cls.directory)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_it_has_segments_of_all_three_kinds(self):
        kinds = {(s.is_open, s.is_compressed) for s in self.journal.segments}
        self.assertEqual(kinds, {(False, True), (False, False), (True, False)})
        self.assertEqual(self.journal.last_seq, self.told[-1]["sequence"])
        self.assertEqual(self.journal.first_seq, 1)

    def test_every_event_is_the_one_that_replay_tells(self):
        rows = iter(self.journal.to_ndarray("events").tolist())
        for transaction in self.told:
            for event in transaction["events"]:
                (seq, _, kind, side, _, symbol, order, price, quantity, _, _, leaves, rpt) = next(rows)
                instrument = self.journal.instruments[symbol]
                self.assertEqual((seq, KINDS[kind], SIDES[side], instrument.symbol, rpt),
                                 (transaction["sequence"], event["kind"], event.get("side"), event["symbol"], event["rpt_sequence"]))
                if kind in (1, 2, 3, 4, 5):
                    self.assertEqual(order, event.get("order_id", 0))
                    self.assertEqual(instrument.decimal(price), Decimal(event["price"]))
                    self.assertEqual(instrument.size_decimal(quantity), Decimal(event["quantity"]))
        self.assertIsNone(next(rows, None))

    def test_transactions_are_views_with_command_and_reports(self):
        for transaction, told in zip(self.journal.transactions(), self.told):
            self.assertEqual((transaction.sequence, len(transaction.events), len(transaction.reports)),
                             (told["sequence"], len(told["events"]), len(told["reports"])))
            self.assertEqual(f"{transaction.state_hash:016x}", told["state_hash"])
            self.assertFalse(transaction.events.flags.owndata)
            self.assertEqual(int(transaction.command["sequence"][0]), told["sequence"])

    def test_reports_are_those_that_replay_tells(self):
        reports, sequences = self.journal.reports()
        told = [(t["sequence"], r) for t in self.told for r in t["reports"]]
        self.assertEqual(sequences.tolist(), [s for s, _ in told])
        self.assertEqual(reports["order_id"].tolist(), [r["order_id"] for _, r in told])
        self.assertEqual(len(self.journal.commands()), len(self.told))

    def test_compressing_changes_nothing(self):
        self.assertEqual(self.journal.to_ndarray("events").tobytes(), self.raw.tobytes())

    def test_what_was_read_while_it_was_written_is_a_prefix(self):
        self.assertGreater(len(self.live_columns), 1000)
        self.assertEqual(self.live_columns.tobytes(), self.raw[:len(self.live_columns)].tobytes())

    def test_a_range_of_sequences_or_times_is_cut_exactly(self):
        low, high = self.told[len(self.told) // 3]["sequence"], self.told[len(self.told) // 2]["sequence"]
        rows = self.journal.to_ndarray("events", from_seq=low, to_seq=high)
        whole = self.raw[(self.raw["seq"] >= low) & (self.raw["seq"] <= high)]
        self.assertEqual(rows.tobytes(), whole.tobytes())
        begin, end = int(whole["ts_event"][10]), int(whole["ts_event"][-10])
        rows = self.journal.to_ndarray("events", start=begin, end=end)
        times = self.raw["ts_event"].astype(np.int64)
        self.assertEqual(rows.tobytes(), self.raw[(times >= begin) & (times < end)].tobytes())
        self.assertEqual(self.journal.seq_at(begin - 1), int(rows["seq"][0]) - 1)

    def test_a_range_outside_names_the_range_that_exists(self):
        with self.assertRaisesRegex(bourse.RangeError, f"1 to {self.journal.last_seq}"):
            self.journal.to_ndarray(from_seq=self.journal.last_seq + 2)
        with self.assertRaisesRegex(bourse.RangeError, "nothing in this range"):
            self.journal.to_df(start="2001-01-01", end="2001-01-02")

    def test_an_unknown_symbol_is_told_with_a_near_one(self):
        with self.assertRaisesRegex(bourse.UnknownSymbol, "BTC-USD"):
            self.journal.to_ndarray("mbo", "BTC-USF")

    def test_mbo_rows_are_in_units_of_the_wire(self):
        rows = self.journal.to_ndarray("mbo", "BTC-USD")
        events = self.raw[self.raw["symbol"] == 1]
        instrument = self.journal.instrument("BTC-USD")
        priced = events["price"] != NO_PRICE
        self.assertEqual(rows["price"][priced].tolist(), (events["price"][priced] * instrument.tick_size_e9).tolist())
        self.assertTrue((rows["price"][~priced] == NO_PRICE).all())
        self.assertEqual(rows["size"].tolist(), (events["quantity"] * np.uint64(instrument.lot_size)).tolist())
        self.assertEqual(rows["rpt_seq"].tolist(), list(range(1, len(rows) + 1)))
        self.assertEqual((rows["action"] == b"A").sum(), (events["kind"] == Kind.ADD).sum())

    def test_trades_tell_the_aggressor(self):
        trades = self.journal.to_ndarray("trades")
        told = [e for t in self.told for e in t["events"] if e["kind"] in ("execute", "trade")]
        self.assertEqual(len(trades), len(told))
        self.assertEqual([{b"B": "sell", b"A": "buy"}[s] for s in trades["side"][trades["kind"] == b"B"].tolist()],
                         [e["side"] for e in told if e["kind"] == "execute"])

    def test_the_best_prices_are_those_of_the_books(self):
        bbo = self.journal.to_ndarray("bbo", "ETH-USD")
        self.assertGreater(len(bbo), 50)
        for row in bbo[::len(bbo) // 7]:
            best = self.journal.book("ETH-USD", seq=int(row["seq"])).best()
            for side, level in (("bid", best.bid), ("ask", best.ask)):
                self.assertEqual((row[f"{side}_px"], row[f"{side}_sz"], row[f"{side}_ct"]),
                                 (level.price * 10**7, level.size * 10**5, level.orders) if level else (NO_PRICE, 0, 0))

    def test_replay_calls_back_with_every_record(self):
        seen = []
        count = self.journal.replay(lambda r: seen.append((int(r.seq), int(r.price))), "trades")
        trades = self.journal.to_ndarray("trades")
        self.assertEqual(seen, list(zip(trades["seq"].tolist(), trades["price"].tolist())))
        self.assertEqual(count, len(trades))

    def test_a_data_frame_has_ticks_floats_or_decimals(self):
        try:
            import pandas  # noqa: F401
        except ImportError:
            self.skipTest("needs python3-pandas")
        trades = self.journal.to_ndarray("trades", "BTC-USD")
        ticks = self.journal.to_df("trades", "BTC-USD")
        self.assertEqual(ticks["price"].tolist(), (trades["price"] // 10**7).tolist())
        self.assertEqual(ticks["ts_event"].astype("int64").tolist(), trades["ts_event"].tolist())
        self.assertEqual(set(ticks["symbol"]), {"BTC-USD"})
        floats = self.journal.to_df("trades", "BTC-USD", prices="float", sizes="float")
        self.assertEqual(floats["price"].tolist(), [p / 100 for p in ticks["price"]])
        decimals = self.journal.to_df("trades", prices="decimal", sizes="decimal", to_seq=500)
        for price, size, symbol, t, s in zip(decimals["price"], decimals["size"], decimals["symbol"],
                                             *(self.journal.to_df("trades", to_seq=500)[n] for n in ("price", "size"))):
            instrument = self.journal.instrument(symbol)
            self.assertEqual((price, size), (instrument.decimal(t), instrument.size_decimal(s)))

    def test_csv_streams_exact_decimals_and_appears_when_it_is_whole(self):
        path = os.path.join(self.folder.name, "trades.csv")
        count = self.journal.to_csv(path, "trades")
        with open(path) as file:
            rows = list(csv.DictReader(file))
        trades = self.journal.to_ndarray("trades")
        self.assertEqual(count, len(rows))
        self.assertEqual([int(Decimal(r["price"]) * 10**9) for r in rows], trades["price"].tolist())
        self.assertEqual([r["ts_event"] for r in rows], [str(t) for t in trades["ts_event"]])
        self.assertFalse(os.path.exists(path + ".part"))

    def test_parquet_gives_the_rows_back_or_says_what_it_needs(self):
        path = os.path.join(self.folder.name, "trades.parquet")
        try:
            import pyarrow.parquet
        except ImportError:
            with self.assertRaisesRegex(bourse.BourseError, "pyarrow"):
                self.journal.to_parquet(path, "trades")
            return
        self.journal.to_parquet(path, "trades")
        self.assertEqual(pyarrow.parquet.read_table(path)["price"].to_pylist(), self.journal.to_df("trades")["price"].tolist())

    def test_every_record_matches_its_checksum(self):
        self.assertGreaterEqual(self.journal.verify(), len(self.told))


class AJournalThatLives(unittest.TestCase):
    def test_reading_goes_on_while_segments_are_sealed_and_compressed(self):
        with tempfile.TemporaryDirectory(prefix="bourse-python-") as folder:
            directory = os.path.join(folder, "journal")
            with ExchangeProcess("--set", "journal.segment_bytes=200000", "--set", "journal.compress_after_s=1", journal=directory) as x:
                parts, journal, suffixes = [], bourse.open(directory), set()
                while len(suffixes) < 3 or len(parts) < 10:
                    for segment in journal.segments:
                        suffixes.add((segment.is_open, segment.is_compressed))
                    if journal.last_seq > (int(parts[-1]["seq"][-1]) if parts else 0):
                        low = int(parts[-1]["seq"][-1]) + 1 if parts else 1
                        part = journal.to_ndarray("events", from_seq=low)
                        parts += [part] if len(part) else []
                    journal.refresh()
                self.assertEqual(x.stop(), 0)
            got = np.concatenate(parts)
            whole = bourse.open(directory).to_ndarray("events", to_seq=int(got["seq"][-1]))
            self.assertEqual(got.tobytes(), whole.tobytes())


class Damage(unittest.TestCase):
    """Copies of one small journal, each harmed in its own way."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="bourse-python-")
        cls.directory = os.path.join(cls.folder.name, "journal")
        with ExchangeProcess(*SEGMENTS, journal=cls.directory) as x:
            assert wait_until(lambda: len([n for n in os.listdir(cls.directory) if n.endswith(".seg")]) > 3, 60)
            x.kill()
            while not cls.ends_in_an_open_segment():  # it died between two segments
                x.start()
                x.kill()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def ends_in_an_open_segment(cls):
        newest = bourse.open(cls.directory).segments[-1]
        return newest.is_open and len(newest.records(newest.words()).offsets) > 0

    def harmed(self, suffix, index, harm):
        copy = tempfile.mkdtemp(dir=self.folder.name)
        directory = os.path.join(copy, "journal")
        shutil.copytree(self.directory, directory)
        path = os.path.join(directory, sorted(n for n in os.listdir(directory) if n.endswith(suffix))[index])
        with open(path, "r+b") as file:
            harm(file)
        return directory

    def test_a_flipped_byte_is_named_with_its_file_and_offset(self):
        def flip(file):
            file.seek(9000)
            byte = file.read(1)[0]
            file.seek(9000)
            file.write(bytes([byte ^ 1]))
        directory = self.harmed(".seg", 1, flip)
        with self.assertRaises(bourse.DamagedError) as caught:
            bourse.open(directory).verify()
        self.assertTrue(caught.exception.file.endswith(".seg"))
        self.assertLessEqual(caught.exception.offset, 9000)

    def test_a_segment_that_was_cut_is_damaged(self):
        directory = self.harmed(".seg", 1, lambda file: file.truncate(100000))
        with self.assertRaisesRegex(bourse.DamagedError, "cut or damaged"):
            bourse.open(directory).to_ndarray()

    def test_a_damaged_header_is_damaged(self):
        directory = self.harmed(".seg", 0, lambda file: (file.seek(50), file.write(b"\xff")))
        with self.assertRaisesRegex(bourse.DamagedError, "header"):
            bourse.open(directory)

    def test_a_newer_version_is_refused_as_such(self):
        def newer(file):
            head = bytearray(file.read(4096))
            head[8] = 2
            head[4092:] = struct.pack("<I", checksum.crc32c(bytes(head[:4092])))
            file.seek(0)
            file.write(head)
        with self.assertRaisesRegex(bourse.JournalError, "newer"):
            bourse.open(self.harmed(".seg", 0, newer))

    def test_a_torn_tail_ends_the_journal_where_the_last_sound_record_ends(self):
        whole = bourse.open(self.directory)
        newest = whole.segments[-1]
        words = newest.words()
        offsets = newest.records(words).offsets
        last, before = int(offsets[-1]), whole.last_seq
        directory = self.harmed(".open", 0, lambda file: (file.seek(last + 40), file.write(b"\xff\xff\xff")))
        os.remove(os.path.join(directory, "watermark"))  # which would vouch for it
        self.assertEqual(bourse.open(directory).last_seq, before - 1)

    def test_a_journal_without_a_transaction_says_that_it_has_none(self):
        whole = bourse.open(self.directory)
        first = whole.segments[0]
        with tempfile.TemporaryDirectory() as directory:
            with open(first.path, "rb") as file, open(os.path.join(directory, first.name.split(".")[0] + ".open"), "wb") as into:
                into.write(file.read(HEADER_BYTES) + bytes(1 << 16))
            empty = bourse.open(directory)
            self.assertTrue(empty.is_empty)
            self.assertEqual(list(empty.transactions()), [])
            self.assertIn("no transaction yet", empty._repr_html_())
            for ask in (lambda: empty.start, lambda: empty.end, lambda: empty.to_df("trades"), empty.commands, empty.reports):
                with self.assertRaisesRegex(bourse.RangeError, "no transaction yet"):
                    ask()

    def test_a_damaged_index_is_not_needed(self):
        def flip(file):
            file.seek(-104 - 40, 2)
            file.write(b"\xff\xff\xff\xff")
        directory = self.harmed(".seg", 1, flip)
        self.assertEqual(bourse.open(directory).to_ndarray("events").tobytes(), bourse.open(self.directory).to_ndarray("events").tobytes())

    def test_no_damage_is_delivered_once_it_is_looked_for_and_none_ends_in_anything_but_an_error(self):
        compact = os.path.join(self.folder.name, "compact")
        shutil.copytree(self.directory, compact)
        run("journal", "compact", compact, check=0)
        whole = bourse.open(self.directory).to_ndarray("events").tobytes()
        chance = random.Random(SEED)
        for round in range(ROUNDS):
            source = chance.choice((self.directory, compact))
            names = [n for n in os.listdir(source) if n.endswith((".seg", ".zst", ".open"))]
            name = chance.choice(names)
            with open(os.path.join(source, name), "rb") as file:
                data = bytearray(file.read())
            kind = chance.choice(("flip", "flip", "cut", "zero"))
            if kind == "cut":
                del data[chance.randrange(len(data)):]
            else:
                for _ in range(chance.randint(1, 3)):
                    at = chance.randrange(len(data))
                    size = chance.choice((1, 1, 8, 512)) if kind == "zero" else 1
                    data[at:at + size] = bytes(len(data[at:at + size])) if kind == "zero" else bytes([data[at] ^ 1 << chance.randrange(8)])
            with self.subTest(seed=SEED, round=round, name=name, kind=kind), tempfile.TemporaryDirectory(dir=self.folder.name) as harmed:
                for other in os.listdir(source):
                    if other.endswith((".seg", ".zst", ".open")) and other != name or other == "watermark":
                        os.symlink(os.path.join(source, other), os.path.join(harmed, other))
                with open(os.path.join(harmed, name), "wb") as file:
                    file.write(data)
                try:
                    journal = bourse.open(harmed)
                    journal.to_ndarray("mbo")
                except bourse.BourseError:
                    pass
                try:
                    journal = bourse.open(harmed)
                    journal.verify()
                    got = journal.to_ndarray("events").tobytes()
                except bourse.BourseError:
                    continue
                self.assertEqual(got, whole[:len(got)], "what is called sound is what was written")

    def test_a_missing_segment_is_named(self):
        directory = self.harmed(".seg", 1, lambda file: os.remove(file.name))
        with self.assertRaisesRegex(bourse.JournalError, "segment 2 is missing"):
            bourse.open(directory)

    def test_a_directory_that_is_no_journal_is_refused(self):
        with self.assertRaisesRegex(bourse.JournalError, "no segment"):
            bourse.open(tempfile.mkdtemp(dir=self.folder.name))
        with self.assertRaisesRegex(bourse.JournalError, "no such directory"):
            bourse.open(os.path.join(self.folder.name, "nothing"))


class Parts(unittest.TestCase):
    def test_crc32c_is_that_of_the_standard(self):
        self.assertEqual(checksum.crc32c(b"123456789"), 0xE3069283)

    def test_decompression_works_by_module_and_by_library(self):
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        path = os.path.join(directory, "x")
        if not shutil.which("zstd"):
            self.skipTest("needs the program zstd")
        with open(path, "wb") as file:
            file.write(b"tick" * 5000)
        subprocess.run(["zstd", "-q", path], check=True)
        with open(path + ".zst", "rb") as file:
            packed = file.read()
        ways = [w for w in (zstd._by_library(), zstd._by_module()) if w]
        self.assertTrue(ways)
        for way in ways:
            self.assertEqual(way(packed, 20000), b"tick" * 5000)
            with self.assertRaises(ValueError):
                way(packed[:-5] + b"\0\0\0\0\0", 20000)

    def test_times_are_exact_to_the_nanosecond(self):
        from bourse.times import duration, nanoseconds
        self.assertEqual(nanoseconds("1970-01-01T00:00:01.000000001Z"), 1_000_000_001)
        self.assertEqual(nanoseconds("1970-01-01T01:00:00+01:00"), 0)
        self.assertEqual(nanoseconds("2026-01-05"), int(np.datetime64("2026-01-05", "ns").astype(np.int64)))
        self.assertEqual(nanoseconds(np.datetime64("2026-01-05T00:00:00.123456789")) % 10**9, 123456789)
        self.assertEqual((duration("100ms"), duration("1m"), duration(7)), (10**8, 60 * 10**9, 7))
        for wrong in ("yesterday", "2026-1-5", "10:00"):
            with self.assertRaises(ValueError):
                nanoseconds(wrong)

    def test_a_price_off_the_tick_is_refused_and_never_rounded(self):
        instrument = bourse.Instrument(1, "X", 10_000_000, 10_000, -8)
        self.assertEqual((instrument.ticks("60000.01"), instrument.ticks(60000.01), instrument.price(6000001)),
                         (6000001, 6000001, 60000.01))
        self.assertEqual((instrument.lots("0.5"), instrument.size(5000)), (5000, 0.5))
        with self.assertRaisesRegex(ValueError, "0.01"):
            instrument.ticks("60000.013")


if __name__ == "__main__":
    print(f"seed {SEED}")
    unittest.main()
