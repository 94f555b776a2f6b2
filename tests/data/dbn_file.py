"""A reader of DBN files that shares nothing with the writer: struct, and the layout as docs/DATA.md has it.

`read(path)` gives the metadata and the records as tuples; what does not add up raises ValueError with the byte."""
import struct
import subprocess
from collections import namedtuple

UNDEFINED_PRICE = 2**63 - 1
Metadata = namedtuple("Metadata", "version dataset schema start end limit stype_in stype_out ts_out symbols partial "
                                  "not_found mappings length")
Mbo = namedtuple("Mbo", "length rtype publisher_id instrument_id ts_event order_id price size flags channel_id action "
                        "side ts_recv ts_in_delta sequence")
Mbp = namedtuple("Mbp", "length rtype publisher_id instrument_id ts_event price size action side flags depth ts_recv "
                        "ts_in_delta sequence levels")
Bbo = namedtuple("Bbo", "length rtype publisher_id instrument_id ts_event price size side flags ts_recv sequence level")
Ohlcv = namedtuple("Ohlcv", "length rtype publisher_id instrument_id ts_event open high low close volume")
Status = namedtuple("Status", "length rtype publisher_id instrument_id ts_event ts_recv action reason trading_event "
                              "is_trading is_quoting ssr")
Definition = namedtuple("Definition", "length rtype publisher_id instrument_id ts_event ts_recv min_price_increment "
                                      "unit_of_measure_qty raw_instrument_id raw_symbol update")
Imbalance = namedtuple("Imbalance", "length rtype publisher_id instrument_id ts_event ts_recv price paired total side")

SCHEMAS = {"mbo": 0, "mbp-1": 1, "mbp-10": 2, "tbbo": 3, "trades": 4, "ohlcv-1s": 5, "ohlcv-1m": 6, "ohlcv-1h": 7,
           "ohlcv-1d": 8, "definition": 9, "status": 11, "imbalance": 12, "bbo-1s": 18}


def raw(path):
    with open(path, "rb") as file:
        return file.read()


def content(path):
    data = raw(path)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        data = subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout
    return data


def text(raw):
    return raw.split(b"\0", 1)[0].decode("ascii")


class Cursor:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def take(self, form):
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def symbols(self, width):
        (count,) = self.take("I")
        return [text(self.take(f"{width}s")[0]) for _ in range(count)]


def metadata(data):
    if data[:3] != b"DBN":
        raise ValueError("byte 0: not DBN")
    version, length = struct.unpack_from("<BI", data, 3)
    at = Cursor(data, 8)
    dataset, schema, start, end, limit = at.take("16sHQQQ")
    if version == 1:
        at.take("Q")
    stype_in, stype_out, ts_out = at.take("BBB")
    width = 22
    if version > 1:
        (width,) = at.take("H")
    at.at = 108
    (definition_bytes,) = at.take("I")
    at.at += definition_bytes
    symbols, partial, not_found = at.symbols(width), at.symbols(width), at.symbols(width)
    mappings = {}
    for _ in range(at.take("I")[0]):
        raw, count = at.take(f"{width}sI")
        intervals = []
        for _ in range(count):
            first, behind, symbol = at.take(f"II{width}s")
            intervals.append((first, behind, text(symbol)))
        mappings[text(raw)] = intervals
    padding = 8 + length - at.at
    if padding < 0 or padding > 7 or any(data[at.at:8 + length]):
        raise ValueError(f"byte {at.at}: {padding} bytes until the records")
    if version == 3 and (8 + length) % 8:
        raise ValueError("version 3: records do not begin at a multiple of 8")
    return Metadata(version, text(dataset), schema, start, end, limit, stype_in, stype_out, ts_out, symbols, partial,
                    not_found, mappings, length)


def letter(raw):
    return raw.decode("ascii")


def record(raw, version):
    length, rtype, publisher, instrument, ts_event = struct.unpack_from("<BBHIQ", raw)
    head = (length, rtype, publisher, instrument, ts_event)
    if rtype == 0xA0:
        *rest, action, side, ts_recv, delta, sequence = struct.unpack_from("<QqIBBccQiI", raw, 16)
        return Mbo(*head, *rest, letter(action), letter(side), ts_recv, delta, sequence), 56
    if rtype in (0, 1, 10):
        price, size, action, side, flags, depth, ts_recv, delta, sequence = struct.unpack_from("<qIccBBQiI", raw, 16)
        levels = [struct.unpack_from("<qqIIII", raw, 48 + 32 * i) for i in range(rtype)]
        return Mbp(*head, price, size, letter(action), letter(side), flags, depth, ts_recv, delta, sequence,
                   levels), 48 + 32 * rtype
    if rtype in (0xC3, 0xC4):
        price, size, side, flags, ts_recv, sequence = struct.unpack_from("<qIxcBxQ4xI", raw, 16)
        return Bbo(*head, price, size, letter(side), flags, ts_recv, sequence,
                   struct.unpack_from("<qqIIII", raw, 48)), 80
    if 0x20 <= rtype <= 0x24:
        return Ohlcv(*head, *struct.unpack_from("<qqqqQ", raw, 16)), 56
    if rtype == 0x12:
        *rest, trading, quoting, ssr = struct.unpack_from("<QHHHccc7x", raw, 16)
        return Status(*head, *rest, letter(trading), letter(quoting), letter(ssr)), 40
    if rtype == 0x13 and version == 3:
        ts_recv, increment = struct.unpack_from("<Qq", raw, 16)
        (unit,) = struct.unpack_from("<q", raw, 80)
        (raw_id,) = struct.unpack_from("<Q", raw, 112)
        return Definition(*head, ts_recv, increment, unit, raw_id, text(raw[238:238 + 71]),
                          chr(raw[493])), 520
    if rtype == 0x14:
        (ts_recv,) = struct.unpack_from("<Q", raw, 16)
        (price,) = struct.unpack_from("<q", raw, 64)
        paired, total = struct.unpack_from("<II", raw, 88)
        return Imbalance(*head, ts_recv, price, paired, total, chr(raw[105])), 112
    raise ValueError(f"record type {rtype:#x}")


def read(path):
    data = content(path)
    head = metadata(data)
    at = 8 + head.length
    records = []
    while at < len(data):
        size = 4 * data[at]
        if size < 16 or at + size > len(data):
            raise ValueError(f"byte {at}: a record of {size} bytes")
        one, expected = record(data[at:at + size], head.version)
        if size != expected + 8 * head.ts_out:
            raise ValueError(f"byte {at}: {size} bytes for a record of {expected}")
        records.append(one)
        at += size
    return head, records
