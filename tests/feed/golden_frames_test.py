#!/usr/bin/python3
"""The golden frames of tests/golden, read by offsets alone: no generated code, no FlatBuffers library.

What a reader in any language needs is this file's forty lines and the tables of docs/PROTOCOL.md."""

import os
import pathlib
import struct
import sys
import unittest

try:
    import numpy
except ImportError:
    print("skipped: needs python3-numpy")
    sys.exit(77)

ROOT = pathlib.Path(os.environ.get("BOURSE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
HEADER = struct.Struct("<QQQQIHBB")
HEADER_FIELDS = ("prev_seq", "first_seq", "last_seq", "ts_pub", "stream_id", "epoch", "channel", "flags")

MBO = numpy.dtype([("seq", "<u8"), ("ts_event", "<u8"), ("order_id", "<u8"), ("price", "<i8"), ("size", "<u8"),
                   ("aux", "<u8"), ("rpt_seq", "<u8"), ("instrument_id", "<u4"), ("action", "S1"), ("side", "S1"),
                   ("flags", "<u2")])
BBO = numpy.dtype([("seq", "<u8"), ("ts_event", "<u8"), ("bid_px", "<i8"), ("ask_px", "<i8"), ("bid_sz", "<u8"),
                   ("ask_sz", "<u8"), ("rpt_seq", "<u8"), ("instrument_id", "<u4"), ("bid_ct", "<u4"), ("ask_ct", "<u4"),
                   ("flags", "<u2"), ("reserved", "<u2")])
TRADE = numpy.dtype([("seq", "<u8"), ("ts_event", "<u8"), ("price", "<i8"), ("size", "<u8"), ("match_id", "<u8"),
                     ("maker_order_id", "<u8"), ("taker_order_id", "<u8"), ("rpt_seq", "<u8"), ("instrument_id", "<u4"),
                     ("kind", "S1"), ("side", "S1"), ("flags", "<u2")])
STATUS = numpy.dtype([("seq", "<u8"), ("ts_event", "<u8"), ("rpt_seq", "<u8"), ("instrument_id", "<u4"), ("action", "<u2"),
                      ("reason", "<u2"), ("trading_event", "<u2"), ("is_trading", "S1"), ("is_quoting", "S1"),
                      ("flags", "<u2"), ("reserved", "<u2")])
IMBALANCE = numpy.dtype([("seq", "<u8"), ("ts_event", "<u8"), ("ts_auction", "<u8"), ("ref_price", "<i8"),
                         ("clear_price", "<i8"), ("upper_collar", "<i8"), ("lower_collar", "<i8"), ("paired_qty", "<u8"),
                         ("imbalance_qty", "<u8"), ("instrument_id", "<u4"), ("side", "S1"), ("auction_type", "S1"),
                         ("auction_status", "u1"), ("freeze", "u1")])
LEVEL = numpy.dtype([("seq", "<u8"), ("ts_event", "<u8"), ("price", "<i8"), ("size", "<u8"), ("rpt_seq", "<u8"),
                     ("instrument_id", "<u4"), ("count", "<u4"), ("action", "S1"), ("side", "S1"), ("flags", "<u2"),
                     ("level", "<u2"), ("reserved", "<u2")])
PAIR = numpy.dtype([("bid_px", "<i8"), ("ask_px", "<i8"), ("bid_sz", "<u8"), ("ask_sz", "<u8"), ("bid_ct", "<u4"),
                    ("ask_ct", "<u4")])
BAR = numpy.dtype([("seq", "<u8"), ("ts_open", "<u8"), ("ts_close", "<u8"), ("open", "<i8"), ("high", "<i8"), ("low", "<i8"),
                   ("close", "<i8"), ("volume", "<u8"), ("buy_volume", "<u8"), ("turnover", "<i8"), ("vwap", "<i8"),
                   ("interval_ms", "<u4"), ("trades", "<u4"), ("instrument_id", "<u4"), ("flags", "<u2"), ("reserved", "<u2")])
STAT = numpy.dtype([("seq", "<u8"), ("ts_event", "<u8"), ("ts_ref", "<u8"), ("price", "<i8"), ("quantity", "<i8"),
                    ("instrument_id", "<u4"), ("stat_type", "<u2"), ("update_action", "u1"), ("flags", "u1"),
                    ("reserved", "<u8")])
CHECK = numpy.dtype([("seq", "<u8"), ("rpt_seq", "<u8"), ("book_hash", "<u8"), ("instrument_id", "<u4"),
                     ("crc32c_top10", "<u4"), ("bid_levels", "<u4"), ("ask_levels", "<u4")])
# ExecFixed and OrderFixed, without padding.
EXEC = struct.Struct("<6Q q 3Q q 2Q q Q 2I H 6B 2I")
ORDER = struct.Struct("<2Q q Q q 4Q 2I 6B H")
# Place of the vector among the fields of Frame.
VECTORS = {"mbo": (1, MBO), "bbo": (3, BBO), "trade": (4, TRADE), "status": (8, STATUS), "imbalance": (10, IMBALANCE),
           "level": (2, LEVEL), "bar": (6, BAR), "stat": (7, STAT), "check": (11, CHECK)}


def golden(name):
    return (ROOT / "tests" / "golden" / f"frame_{name}.bin").read_bytes()


def place(data, field, table=None):
    """Offset of a field of a table, 0 if it is not set; of the root table unless told otherwise."""
    table = struct.unpack_from("<I", data)[0] if table is None else table
    vtable = table - struct.unpack_from("<i", data, table)[0]
    if 4 + 2 * field >= struct.unpack_from("<H", data, vtable)[0]:
        return 0
    offset = struct.unpack_from("<H", data, vtable + 4 + 2 * field)[0]
    return table + offset if offset else 0


def follow(data, at):
    return at + struct.unpack_from("<I", data, at)[0]


def header(data):
    return dict(zip(HEADER_FIELDS, HEADER.unpack_from(data, place(data, 0))))


def rows(data, name):
    field, dtype = VECTORS[name]
    vector = follow(data, place(data, field))
    return numpy.frombuffer(data, dtype, struct.unpack_from("<I", data, vector)[0], vector + 4)


class GoldenFrames(unittest.TestCase):
    def test_the_identifier_stands_behind_the_root_offset(self):
        for path in sorted((ROOT / "tests" / "golden").glob("frame_*.bin")):
            data = path.read_bytes()
            self.assertEqual(data[4:8], b"TICK", path)
            self.assertEqual(len(data) % 8, 0, path)
            self.assertEqual(place(data, 0) % 8, 0, path)

    def test_headers_lie_where_the_table_says(self):
        for name, channel, flags in [("mbo_1", 1, 32), ("mbo_2", 1, 8), ("bbo", 3, 16), ("trade", 4, 32), ("status", 8, 0),
                                     ("imbalance", 10, 32), ("level", 2, 32), ("depth10", 5, 16), ("bar", 6, 32), ("stat", 7, 16),
                                     ("check", 11, 32), ("gap", 12, 0), ("definition", 9, 7), ("heartbeat", 12, 64), ("system", 12, 0)]:
            with self.subTest(name):
                self.assertEqual(header(golden(name)), {
                    "prev_seq": 0x1011121314151617, "first_seq": 0x2021222324252627, "last_seq": 0x3031323334353637,
                    "ts_pub": 0x4041424344454647, "stream_id": channel << 24 | 0x515253, "epoch": 0x6162,
                    "channel": channel, "flags": flags})

    def test_structs_have_the_sizes_of_the_protocol(self):
        self.assertEqual([d.itemsize for d in (MBO, BBO, TRADE, STATUS, IMBALANCE)], [64, 72, 72, 40, 80])
        self.assertEqual([d.itemsize for d in (LEVEL, PAIR, BAR, STAT, CHECK)], [56, 40, 104, 56, 40])

    def test_an_mbo_vector_is_a_numpy_array(self):
        data = golden("mbo_2")
        events = rows(data, "mbo")
        self.assertEqual(len(events), 2)
        self.assertEqual(events.tolist()[0],
                         (0x0102030405060708, 0x1112131415161718, 0x2122232425262728, -0x3132333435363738,
                          0x4142434445464748, 0x5152535455565758, 0x6162636465666768, 0x71727374, b"A", b"B", 0x8182))
        self.assertEqual(events["action"].tolist(), [b"A", b"E"])
        self.assertEqual(events["rpt_seq"].tolist(), [0x6162636465666768, 0x6162636465666769])

    def test_trade_bbo_and_status_are_read_alike(self):
        self.assertEqual(rows(golden("trade"), "trade").tolist(),
                         [(0x0102030405060708, 0x1112131415161718, -0x2122232425262728, 0x3132333435363738,
                           0x4142434445464748, 0x5152535455565758, 0x6162636465666768, 0x7172737475767778, 0x81828384,
                           b"B", b"A", 0x9192)])
        self.assertEqual(rows(golden("bbo"), "bbo").tolist(),
                         [(0x0102030405060708, 0x1112131415161718, -0x2122232425262728, 2**63 - 1, 0x3132333435363738,
                           0x4142434445464748, 0x5152535455565758, 0x61626364, 0x71727374, 0x81828384, 0x9192, 0)])
        self.assertEqual(rows(golden("status"), "status").tolist(),
                         [(0x0102030405060708, 0x1112131415161718, 0x2122232425262728, 0x31323334, 0x4142, 0x5152, 0x6162,
                           b"Y", b"~", 0x7172, 0)])

    def test_an_imbalance_is_read_alike(self):
        self.assertEqual(rows(golden("imbalance"), "imbalance").tolist(),
                         [(0x0102030405060708, 0x1112131415161718, 0x2122232425262728, 2**63 - 1, -0x3132333435363738,
                           0x4142434445464748, 0x5152535455565758, 0x6162636465666768, 0x7172737475767778, 0x81828384,
                           b"B", b"O", 1, 0x91)])

    def test_levels_bars_statistics_and_checks_are_read_alike(self):
        self.assertEqual(rows(golden("level"), "level").tolist(),
                         [(0x0102030405060708, 0x1112131415161718, -0x2122232425262728, 0x3132333435363738,
                           0x4142434445464748, 0x51525354, 0x61626364, b"N", b"A", 0x7172, 0x8182, 0)])
        self.assertEqual(rows(golden("bar"), "bar").tolist(),
                         [(0x0102030405060708, 0x1112131415161718, 0x2122232425262728, -0x3132333435363738,
                           0x4142434445464748, -0x5152535455565758, 0x6162636465666768, 0x7172737475767778,
                           0x8182838485868788, 0x1011121314151617, 0x2021222324252627, 60000, 0x91929394, 0xA1A2A3A4, 1, 0)])
        self.assertEqual(rows(golden("stat"), "stat").tolist(),
                         [(0x0102030405060708, 0x1112131415161718, 0x2122232425262728, -0x3132333435363738,
                           0x4142434445464748, 0x51525354, 1004, 1, 0x61, 0)])
        self.assertEqual(rows(golden("check"), "check").tolist(),
                         [(0x0102030405060708, 0x1112131415161718, 0x2122232425262728, 0x31323334, 0x41424344, 0x51525354,
                           0x61626364)])

    def test_depth10_is_a_table_with_ten_pairs(self):
        data = golden("depth10")
        vector = follow(data, place(data, 5))
        self.assertEqual(struct.unpack_from("<I", data, vector)[0], 1)
        depth = follow(data, vector + 4)
        self.assertEqual(struct.unpack_from("<Q", data, place(data, 0, depth))[0], 0x0102030405060708)
        self.assertEqual(struct.unpack_from("<I", data, place(data, 3, depth))[0], 0x31323334)
        levels = follow(data, place(data, 5, depth))
        pairs = numpy.frombuffer(data, PAIR, struct.unpack_from("<I", data, levels)[0], levels + 4)
        self.assertEqual(len(pairs), 10)
        self.assertEqual(pairs.tolist()[1], (0x51525354555656FF, 0x6162636465666701, 0x7172737475767701, 0x8182838485868701,
                                             0x91929301, 0xA1A2A301))
        self.assertEqual(pairs["ask_px"][9], 2**63 - 1)

    def test_a_gap_names_what_is_missing(self):
        data = golden("gap")
        system = follow(data, place(data, 12))
        self.assertEqual(struct.unpack_from("<H", data, place(data, 0, system))[0], 5)
        self.assertEqual(struct.unpack_from("<QQIBB", data, place(data, 7, system)),
                         (0x4142434445464748, 0x5152535455565758, 0x11121314, 1, 1))

    def test_a_heartbeat_and_its_positions(self):
        data = golden("heartbeat")
        system = follow(data, place(data, 12))
        self.assertEqual(place(data, 0, system), 0, "code Heartbeat is the default and not written")
        self.assertEqual(struct.unpack_from("<Q", data, place(data, 4, system))[0], 0x1112131415161718)
        data = golden("system")
        system = follow(data, place(data, 12))
        self.assertEqual(struct.unpack_from("<H", data, place(data, 0, system))[0], 3)
        positions = follow(data, place(data, 8, system))
        self.assertEqual(struct.unpack_from("<I", data, positions)[0], 2)
        self.assertEqual(struct.unpack_from("<QII", data, positions + 4), (0x0102030405060708, 0x11121314, 0))

    def test_a_definition_names_its_symbol(self):
        data = golden("definition")
        vector = follow(data, place(data, 9))
        definition = follow(data, vector + 4)
        symbol = follow(data, place(data, 4, definition))
        length = struct.unpack_from("<I", data, symbol)[0]
        self.assertEqual(data[symbol + 4:symbol + 4 + length], b"ETH-USD")
        self.assertEqual(struct.unpack_from("<q", data, place(data, 8, definition))[0], 0x3132333435363738)

    def test_reports_lie_in_tables_one_behind_the_other(self):
        data = golden("exec")
        self.assertEqual(header(data), {
            "prev_seq": 90, "first_seq": 100, "last_seq": 100, "ts_pub": 5, "stream_id": 13 << 24 | 3, "epoch": 2,
            "channel": 13, "flags": 0})
        vector = follow(data, place(data, 13))
        self.assertEqual(struct.unpack_from("<I", data, vector)[0], 2)
        for index in range(2):
            report = follow(data, vector + 4 + 4 * index)
            self.assertEqual(EXEC.unpack_from(data, place(data, 0, report)), (
                17 + index, 100, 1_700_000_000, 3, 11, 42, 50_000_010_000_000, 50_000_000, 10_000_000, 40_000_000,
                50_000_000_000_000, 10_000_000, 9, 0, 0, 1, 8, 0, 2, 2, ord("A"), 1, 1, ord("M"), 0, 0))
            text = follow(data, place(data, 1, report))
            self.assertEqual(data[text + 4:text + 4 + struct.unpack_from("<I", data, text)[0]], b"mine")

    def test_a_request_is_one_struct_and_one_text(self):
        data = (ROOT / "tests" / "golden" / "order_request.bin").read_bytes()
        self.assertEqual(data[4:8], b"ORDR")
        self.assertEqual(ORDER.unpack_from(data, place(data, 0)), (
            42, 7, 50_000_010_000_000, 50_000_000, 1, 2, 3, 4, 5, 6, 8, 1, ord("B"), 1, 1, 2, 1, 0))
        text = follow(data, place(data, 1))
        self.assertEqual(data[text + 4:text + 4 + struct.unpack_from("<I", data, text)[0]], b"my-order-1")


if __name__ == "__main__":
    unittest.main()
