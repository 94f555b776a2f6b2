"""The bytes of the wire and of the journal as numpy types: docs/PROTOCOL.md section 3, docs/JOURNAL.md section 3.

Structs are little-endian, without padding of their own, and frozen. Letters are one byte (b"A", b"B", ...). Prices on the
wire are 1e-9 of the quote currency, NO_PRICE = none; sizes are 10^qty_exponent of the base currency. In the journal prices
are ticks and quantities lots: Instrument converts."""
from __future__ import annotations

import enum
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[Any]
NO_PRICE = 2**63 - 1

_AT = [("seq", "<u8"), ("ts_event", "<u8")]

HEADER = np.dtype([("prev_seq", "<u8"), ("first_seq", "<u8"), ("last_seq", "<u8"), ("ts_pub", "<u8"), ("stream_id", "<u4"),
                   ("epoch", "<u2"), ("channel", "u1"), ("flags", "u1")])
MBO = np.dtype(_AT + [("order_id", "<u8"), ("price", "<i8"), ("size", "<u8"), ("aux", "<u8"), ("rpt_seq", "<u8"),
                      ("instrument_id", "<u4"), ("action", "S1"), ("side", "S1"), ("flags", "<u2")])
LEVEL = np.dtype(_AT + [("price", "<i8"), ("size", "<u8"), ("rpt_seq", "<u8"), ("instrument_id", "<u4"), ("count", "<u4"),
                        ("action", "S1"), ("side", "S1"), ("flags", "<u2"), ("level", "<u2"), ("reserved", "<u2")])
BBO = np.dtype(_AT + [("bid_px", "<i8"), ("ask_px", "<i8"), ("bid_sz", "<u8"), ("ask_sz", "<u8"), ("rpt_seq", "<u8"),
                      ("instrument_id", "<u4"), ("bid_ct", "<u4"), ("ask_ct", "<u4"), ("flags", "<u2"), ("reserved", "<u2")])
TRADE = np.dtype(_AT + [("price", "<i8"), ("size", "<u8"), ("match_id", "<u8"), ("maker_order_id", "<u8"),
                        ("taker_order_id", "<u8"), ("rpt_seq", "<u8"), ("instrument_id", "<u4"), ("kind", "S1"),
                        ("side", "S1"), ("flags", "<u2")])
LEVEL_PAIR = np.dtype([("bid_px", "<i8"), ("ask_px", "<i8"), ("bid_sz", "<u8"), ("ask_sz", "<u8"), ("bid_ct", "<u4"),
                       ("ask_ct", "<u4")])
# A table on the wire: the one kind of row that is copied. Missing levels have NO_PRICE and size 0.
DEPTH10 = np.dtype(_AT + [("rpt_seq", "<u8"), ("instrument_id", "<u4"), ("flags", "<u2"), ("reserved", "<u2"),
                          ("levels", LEVEL_PAIR, (10,))])
BAR = np.dtype([("seq", "<u8"), ("ts_open", "<u8"), ("ts_close", "<u8"), ("open", "<i8"), ("high", "<i8"), ("low", "<i8"),
                ("close", "<i8"), ("volume", "<u8"), ("buy_volume", "<u8"), ("turnover", "<i8"), ("vwap", "<i8"),
                ("interval_ms", "<u4"), ("trades", "<u4"), ("instrument_id", "<u4"), ("flags", "<u2"), ("reserved", "<u2")])
STAT = np.dtype(_AT + [("ts_ref", "<u8"), ("price", "<i8"), ("quantity", "<i8"), ("instrument_id", "<u4"),
                       ("stat_type", "<u2"), ("update_action", "u1"), ("flags", "u1"), ("reserved", "<u8")])
STATUS = np.dtype(_AT + [("rpt_seq", "<u8"), ("instrument_id", "<u4"), ("action", "<u2"), ("reason", "<u2"),
                         ("trading_event", "<u2"), ("is_trading", "S1"), ("is_quoting", "S1"), ("flags", "<u2"),
                         ("reserved", "<u2")])
IMBALANCE = np.dtype(_AT + [("ts_auction", "<u8"), ("ref_price", "<i8"), ("clear_price", "<i8"), ("upper_collar", "<i8"),
                            ("lower_collar", "<i8"), ("paired_qty", "<u8"), ("imbalance_qty", "<u8"),
                            ("instrument_id", "<u4"), ("side", "S1"), ("auction_type", "S1"), ("auction_status", "u1"),
                            ("freeze", "u1")])
CHECK = np.dtype([("seq", "<u8"), ("rpt_seq", "<u8"), ("book_hash", "<u8"), ("instrument_id", "<u4"),
                  ("crc32c_top10", "<u4"), ("bid_levels", "<u4"), ("ask_levels", "<u4")])
STREAM_POSITION = np.dtype([("last_seq", "<u8"), ("stream_id", "<u4"), ("reserved", "<u4")])
GAP = np.dtype([("from_seq", "<u8"), ("to_seq", "<u8"), ("stream_id", "<u4"), ("reason", "u1"), ("recoverable", "u1"),
                ("reserved", "<u2")])
EXEC = np.dtype([("exec_seq", "<u8"), ("seq", "<u8"), ("ts_event", "<u8"), ("account_id", "<u8"), ("order_id", "<u8"),
                 ("client_seq", "<u8"), ("price", "<i8"), ("qty", "<u8"), ("cum_qty", "<u8"), ("leaves_qty", "<u8"),
                 ("last_px", "<i8"), ("last_qty", "<u8"), ("match_id", "<u8"), ("fee", "<i8"), ("orig_order_id", "<u8"),
                 ("instrument_id", "<u4"), ("group", "<u4"), ("reject_code", "<u2"), ("exec_type", "u1"), ("status", "u1"),
                 ("side", "S1"), ("ord_type", "u1"), ("tif", "u1"), ("liquidity", "S1"), ("flags", "<u4"),
                 ("reserved", "<u4")])

# The journal (JOURNAL.md 3.3). An EVENT is what lies in a record, without its transaction's sequence and time.
PUBLIC_EVENT = np.dtype([("kind", "u1"), ("side", "u1"), ("flags", "<u2"), ("symbol", "<u4"), ("order_id", "<u8"),
                         ("price", "<i8"), ("quantity", "<u8"), ("aux", "<u8"), ("taker_order_id", "<u8"), ("leaves", "<u8"),
                         ("rpt_sequence", "<u8")])
EVENT = np.dtype(_AT + PUBLIC_EVENT.descr)
COMMAND = np.dtype([("sequence", "<u8"), ("time", "<i8"), ("type", "u1"), ("order_flags", "u1"), ("peg", "u1"),
                    ("reserved", "u1"), ("symbol", "<u4"), ("account", "<u4"), ("session", "<u4"),
                    ("client_sequence", "<u8"), ("client_time", "<i8"), ("order_id", "<u8"), ("price", "<i8"),
                    ("quantity", "<u8"), ("stop_price", "<i8"), ("display_quantity", "<u8"), ("min_quantity", "<u8"),
                    ("expire_at", "<i8"), ("valid_until", "<i8"), ("group", "<u4"), ("side", "u1"), ("order_type", "u1"),
                    ("time_in_force", "u1"), ("self_trade_prevention", "u1")])  # 120 bytes; the client order id may follow
REPORT = np.dtype([("exec_sequence", "<u8"), ("order_id", "<u8"), ("client_sequence", "<u8"), ("price", "<i8"),
                   ("quantity", "<u8"), ("filled", "<u8"), ("leaves", "<u8"), ("last_price", "<i8"),
                   ("last_quantity", "<u8"), ("match_id", "<u8"), ("account", "<u4"), ("symbol", "<u4"), ("group", "<u4"),
                   ("reject_reason", "<u2"), ("type", "u1"), ("status", "u1"), ("side", "u1"), ("order_type", "u1"),
                   ("time_in_force", "u1"), ("liquidity", "u1"), ("flags", "<u4")])  # 104 bytes; likewise

# Fields that hold prices and sizes, by the unit that `prices=` and `sizes=` change.
PRICES = frozenset({"price", "bid_px", "ask_px", "open", "high", "low", "close", "ref_price", "clear_price", "upper_collar",
                    "lower_collar"})
# Means and sums of money, between the ticks: 1e-9 unless a float or a Decimal is asked for.
MONEY = frozenset({"vwap", "turnover"})
SIZES = frozenset({"size", "bid_sz", "ask_sz", "volume", "buy_volume", "paired_qty", "imbalance_qty", "quantity", "leaves"})
TIMES = frozenset({"ts_event", "ts_open", "ts_close", "ts_ref", "ts_auction", "ts_pub"})


class Channel(enum.IntEnum):
    MBO = 1
    LEVEL = 2
    BBO = 3
    TRADE = 4
    DEPTH10 = 5
    BAR = 6
    STAT = 7
    STATUS = 8
    DEFINITION = 9
    IMBALANCE = 10
    CHECK = 11
    SYSTEM = 12
    EXEC = 13


# Rows of the channels whose vector lies in the frame as structs; the field of Frame has the channel's number.
ROW_TYPES: dict[int, np.dtype[Any]] = {
    Channel.MBO: MBO, Channel.LEVEL: LEVEL, Channel.BBO: BBO, Channel.TRADE: TRADE, Channel.BAR: BAR, Channel.STAT: STAT,
    Channel.STATUS: STATUS, Channel.IMBALANCE: IMBALANCE, Channel.CHECK: CHECK}


class FrameFlag(enum.IntFlag):
    SNAPSHOT = 1
    SNAP_BEGIN = 2
    SNAP_END = 4
    REPLAY = 8
    CONFLATED = 16
    FLUSH_LAST = 32
    HEARTBEAT = 64
    PARTIAL = 128


class EventFlag(enum.IntFlag):
    LAST = 1
    SNAPSHOT = 2
    PRIORITY_KEPT = 4
    PRIORITY_LOST = 8
    IMPLIED = 16
    AUCTION = 32
    CANCEL_ON_DISCONNECT = 64
    SELF_TRADE_PREVENTION = 128
    EXPIRED = 256
    BAD_CLOCK = 512
    AUCTION_OTHER_SIDE = 1024
    WINDOW_IN = 2048        # of a level: it was in the book before, and comes into the window of `depth` levels
    WINDOW_OUT = 4096       # it is still in the book, and leaves the window


class Kind(enum.IntEnum):
    """Kinds of PUBLIC_EVENT."""
    ADD = 1
    MODIFY = 2
    CANCEL = 3
    EXECUTE = 4
    TRADE = 5
    CLEAR = 6
    STATUS = 7
    DEFINITION = 8
    IMBALANCE = 9
    BUST = 10


class SystemCode(enum.IntEnum):
    HEARTBEAT = 0
    SUB_ACK = 1
    SLOW_READER = 2
    REPLAY_COMPLETED = 3
    END_OF_INTERVAL = 4
    GAP = 5
    CAUGHT_UP = 6
    SNAPSHOT_BEGIN = 7
    SNAPSHOT_END = 8
    EPOCH_CHANGE = 9
    SERVER_SHUTDOWN = 10
    END_OF_REPLAY = 11
    CLOCK_TICK = 12
    ERROR = 13
    STALE = 14
    CURRENT = 15


class CommandType(enum.IntEnum):
    NEW_ORDER = 1
    AMEND = 2
    CANCEL = 3
    DEFINE_INSTRUMENT = 4
    OPEN_EPOCH = 5
    IMPORTED = 6
    MASS_CANCEL = 7
    CLOCK = 8
    SET_PHASE = 9
    SET_RULES = 10
    SET_ACCOUNT = 11
    CANCEL_AFTER = 12
    CHANGE_INSTRUMENT = 13
    DELIST_INSTRUMENT = 14
    BUST_TRADE = 15
