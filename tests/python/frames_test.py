#!/usr/bin/python3
"""Frames as numpy arrays: the golden frames field by field, no copy, and no byte outside of a message."""
import os
import random
import unittest

from package import GOLDEN

import bourse
from bourse import records
from bourse.frames import Frame
from frame_maker import frame_of

SEED = int(os.environ.get("BOURSE_SEED", random.randrange(2**32)))


def golden(name):
    return Frame((GOLDEN / f"frame_{name}.bin").read_bytes())


class GoldenFrames(unittest.TestCase):
    def test_every_header_is_read(self):
        for name, channel, flags in [("mbo_1", 1, 32), ("mbo_2", 1, 8), ("bbo", 3, 16), ("trade", 4, 32), ("status", 8, 0),
                                     ("imbalance", 10, 32), ("definition", 9, 7), ("heartbeat", 12, 64)]:
            with self.subTest(name):
                frame = golden(name)
                self.assertEqual((frame.prev_seq, frame.first_seq, frame.last_seq, frame.ts_pub),
                                 (0x1011121314151617, 0x2021222324252627, 0x3031323334353637, 0x4041424344454647))
                self.assertEqual((frame.stream_id, frame.epoch, frame.channel, frame.flags),
                                 (channel << 24 | 0x515253, 0x6162, channel, flags))

    def test_structs_have_the_sizes_of_the_schema(self):
        self.assertEqual([t.itemsize for t in (records.HEADER, records.MBO, records.LEVEL, records.BBO, records.TRADE,
                                               records.LEVEL_PAIR, records.BAR, records.STAT, records.STATUS, records.IMBALANCE,
                                               records.CHECK, records.STREAM_POSITION, records.GAP, records.EXEC)],
                         [40, 64, 56, 72, 72, 40, 104, 56, 40, 80, 40, 16, 24, 144])
        self.assertEqual([t.itemsize for t in (records.PUBLIC_EVENT, records.EVENT, records.COMMAND, records.REPORT)],
                         [64, 80, 120, 104])

    def test_rows_are_a_view_of_the_message(self):
        frame = golden("mbo_2")
        rows = frame.rows
        self.assertFalse(rows.flags.owndata)
        self.assertFalse(rows.flags.writeable)
        self.assertEqual(rows["action"].tolist(), [b"A", b"E"])
        self.assertEqual(rows.tolist()[0],
                         (0x0102030405060708, 0x1112131415161718, 0x2122232425262728, -0x3132333435363738,
                          0x4142434445464748, 0x5152535455565758, 0x6162636465666768, 0x71727374, b"A", b"B", 0x8182))

    def test_every_kind_of_row_is_read(self):
        self.assertEqual(golden("bbo").rows["bid_px"].tolist(), [-0x2122232425262728])
        self.assertEqual(golden("bbo").rows["ask_px"].tolist(), [records.NO_PRICE])
        self.assertEqual(golden("trade").rows["match_id"].tolist(), [0x4142434445464748])
        self.assertEqual(golden("status").rows["is_quoting"].tolist(), [b"~"])
        self.assertEqual(golden("imbalance").rows["paired_qty"].tolist(), [0x6162636465666768])

    def test_a_definition_is_an_instrument(self):
        instrument, = golden("definition").definitions
        self.assertEqual((instrument.symbol, instrument.tick_size_e9), ("ETH-USD", 0x3132333435363738))
        self.assertIsNone(golden("definition").rows)

    def test_a_system_frame_tells_its_code_and_positions(self):
        heartbeat = golden("heartbeat").system
        self.assertEqual((heartbeat.code, heartbeat.journal_seq), (bourse.SystemCode.HEARTBEAT, 0x1112131415161718))
        system = golden("system").system
        self.assertEqual(system.code, bourse.SystemCode.REPLAY_COMPLETED)
        self.assertEqual(system.positions.tolist()[0], (0x0102030405060708, 0x11121314, 0))

    def test_reports_are_read_with_their_client_order_ids(self):
        frame = golden("exec")
        self.assertEqual(frame.rows["exec_seq"].tolist(), [17, 18])
        self.assertEqual(frame.rows["seq"].tolist(), [100, 100])
        self.assertEqual(len(frame.client_order_ids), 2)


class FramesThatWereMade(unittest.TestCase):
    """Channels without a golden frame: made here by the rules of the page, read back by the package."""

    def test_every_struct_of_the_schema_comes_back(self):
        for channel, dtype in records.ROW_TYPES.items():
            with self.subTest(channel.name):
                rows = records.np.frombuffer(bytes(i % 251 for i in range(3 * dtype.itemsize)), dtype)
                frame = Frame(frame_of(channel, rows, prev_seq=1, first_seq=2, last_seq=3))
                self.assertEqual(frame.rows.tobytes(), rows.tobytes())
                self.assertEqual(frame.last_seq, 3)

    def test_an_empty_vector_is_an_empty_array(self):
        self.assertEqual(len(Frame(frame_of(1, records.np.empty(0, records.MBO))).rows), 0)


class BytesThatAreNoFrame(unittest.TestCase):
    def test_a_message_of_another_kind_is_refused_by_name(self):
        with self.assertRaisesRegex(bourse.FrameError, "identifier"):
            Frame(b"\0" * 64)

    def test_every_cut_is_an_error_or_what_it_was(self):
        for path in sorted(GOLDEN.glob("frame_*.bin")):
            data = path.read_bytes()
            for size in range(len(data)):
                self.look_at(data[:size])

    def test_no_damage_reads_outside_of_the_message(self):
        chance = random.Random(SEED)
        goldens = [p.read_bytes() for p in sorted(GOLDEN.glob("frame_*.bin"))]
        for _ in range(20000):
            data = bytearray(chance.choice(goldens))
            for _ in range(chance.randint(1, 4)):
                data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
            with self.subTest(seed=SEED):
                self.look_at(bytes(data))

    @staticmethod
    def look_at(data):
        try:
            frame = Frame(data)
            frame.rows, frame.definitions, frame.system, frame.client_order_ids
        except bourse.FrameError:
            pass


if __name__ == "__main__":
    print(f"seed {SEED}")
    unittest.main()
