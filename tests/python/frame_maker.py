"""Makes frames as the server does: for tests that need a server which misbehaves, and for channels without a golden frame."""
import struct

import numpy as np

from package import ROOT  # noqa: F401
from bourse import records


def frame_of(channel, rows, prev_seq=0, first_seq=0, last_seq=0, ts_pub=0, stream_id=0, epoch=1, flags=0):
    """A frame of one vector of structs, laid out by hand: root offset, identifier, vtable, table, header, vector."""
    fields = 14
    vtable_bytes = 4 + 2 * fields
    vtable = 8
    table = (vtable + vtable_bytes + 7) // 8 * 8
    header, reference = 8, 48  # in the table, which begins with the way back to its vtable
    table_bytes = 56
    vector = table + table_bytes + 4  # so that the structs are 8-aligned behind the count
    places = [0] * fields
    places[0], places[channel] = header, reference
    data = bytearray(vector + 4 + rows.nbytes)
    struct.pack_into("<I4s", data, 0, table, b"TICK")
    struct.pack_into(f"<HH{fields}H", data, vtable, vtable_bytes, table_bytes, *places)
    struct.pack_into("<i", data, table, table - vtable)
    struct.pack_into("<QQQQIHBB", data, table + header, prev_seq, first_seq, last_seq, ts_pub, stream_id, epoch, channel, flags)
    struct.pack_into("<I", data, table + reference, vector - (table + reference))
    struct.pack_into("<I", data, vector, len(rows))
    data[vector + 4:] = rows.tobytes()
    data += b"\0" * (-len(data) % 8)
    return bytes(data)


def mbo(*events):
    """Rows of MBO of (seq, rpt_seq, order_id, action, side, price, size)."""
    rows = np.zeros(len(events), records.MBO)
    for row, (seq, rpt, order, action, side, price, size) in zip(rows, events):
        row["seq"], row["rpt_seq"], row["order_id"], row["action"], row["side"] = seq, rpt, order, action, side
        row["price"], row["size"], row["instrument_id"], row["flags"] = price, size, 1, 1
    return rows
