"""The market data, journal and orders of a Bourse exchange in numpy and pandas. docs/PYTHON.md: from zero to a DataFrame.

    bourse.open("journal/").to_df("trades", "BTC-USD")          history, from a directory
    bourse.Live("wss://127.0.0.1:9443", insecure=True)          the market now, resumed by default
    bourse.connect("wss://127.0.0.1:9443", insecure=True)       orders
"""
from .book import ASK, BID, Best, Book, Level
from .dropcopy import AsyncDropCopy, DropCopy
from .errors import (BookError, BourseError, DamagedError, FrameError, GapError, JournalError, RangeError, Rejected, RemoteError,
                     UnknownSymbol)
from .frames import Frame, System
from .grid import DepthGrid, bars, depth_grid, imbalance
from .historical import RemoteHistory
from .historical import historical as Historical
from .instrument import Instrument
from .journal import Journal, book_at, open
from .level_book import LevelBook
from .live import Live
from .notices import (CaughtUp, ClockTick, Defined, Disconnected, EndOfInterval, EndOfReplay, Gap, Heartbeat, Reconnected, ReplayCompleted,
                      ReplayState, Shutdown, Slow, Stale)
from .orders import AsyncTrader, Order, Report, Trader, connect
from .records import NO_PRICE, Channel, EventFlag, FrameFlag, Kind, SystemCode
from .replay import Replay
from .sim import Sim, SimResult

__all__ = [
    "ASK", "BID", "Best", "Book", "Level", "BookError", "BourseError", "DamagedError", "FrameError", "GapError", "JournalError",
    "RangeError", "Rejected", "RemoteError", "UnknownSymbol", "Frame", "System", "DepthGrid", "bars", "depth_grid", "imbalance",
    "RemoteHistory", "Historical", "Instrument", "Journal", "book_at", "open", "Live", "CaughtUp", "Defined", "Disconnected", "Gap",
    "Heartbeat", "Reconnected", "ReplayCompleted", "Shutdown", "Slow", "Stale", "AsyncDropCopy", "DropCopy", "AsyncTrader", "Order", "Report", "Trader", "connect",
    "LevelBook", "Replay", "Sim", "SimResult", "ClockTick", "EndOfInterval", "EndOfReplay", "ReplayState",
    "NO_PRICE", "Channel", "EventFlag", "FrameFlag", "Kind", "SystemCode"]
