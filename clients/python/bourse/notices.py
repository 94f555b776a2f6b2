"""What a live stream tells besides frames. Each is an event in the same stream, at its place in it."""
from __future__ import annotations

import dataclasses

from .instrument import Instrument


@dataclasses.dataclass(frozen=True, slots=True)
class Gap:
    """Transactions from_seq to to_seq of a stream were not received. `is_healed`: they follow now, so that nothing is lost. If not
    (the log no longer has them, or a crash has taken back what was received) the stream begins anew, with a snapshot where there is
    one. to_seq 0: not known."""
    channel: str
    symbol: str
    from_seq: int
    to_seq: int
    is_healed: bool
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Stale:
    """Nothing has come for so long, not even a heartbeat: prices on the screen are old."""
    ms: int


@dataclasses.dataclass(frozen=True, slots=True)
class Disconnected:
    reason: str
    retry_s: float


@dataclasses.dataclass(frozen=True, slots=True)
class Reconnected:
    """The streams go on behind what was received; epoch is that of the engine now."""
    attempts: int
    epoch: int
    streams: int


@dataclasses.dataclass(frozen=True, slots=True)
class Slow:
    """This connection is behind and is fed from the log; nothing is lost."""
    lag_ns: int
    lag_events: int


@dataclasses.dataclass(frozen=True, slots=True)
class CaughtUp:
    seq: int


@dataclasses.dataclass(frozen=True, slots=True)
class ReplayCompleted:
    """Streams that began in the past have all up to seq, and are live."""
    seq: int


@dataclasses.dataclass(frozen=True, slots=True)
class EndOfInterval:
    """Streams with an `end` have all of it, up to seq, and are over."""
    seq: int
    symbols: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class ReplayState:
    """What a replay does now (docs/PROTOCOL.md, Replay): waiting, playing, paused, stepping, seeking, ended."""
    state: str
    seq: int
    ts: int
    speed: str
    members: int


@dataclasses.dataclass(frozen=True, slots=True)
class EndOfReplay:
    """`digest` is the same for whoever asks for the same streams of the same range."""
    transactions: int
    events: int
    trades: int
    delivered: int
    digest: str


@dataclasses.dataclass(frozen=True, slots=True)
class ClockTick:
    """Of a replay: the time of the market; nothing has happened for a while."""
    ts: int


@dataclasses.dataclass(frozen=True, slots=True)
class Defined:
    """An instrument, before its first tick and whenever it changes."""
    instrument: Instrument


@dataclasses.dataclass(frozen=True, slots=True)
class Heartbeat:
    """Only if asked for: nothing of the live streams is missing up to seq."""
    seq: int
    ts: int


@dataclasses.dataclass(frozen=True, slots=True)
class Shutdown:
    """The server says goodbye; resume elsewhere or later."""
    message: str


Notice = Gap | Stale | Disconnected | Reconnected | Slow | CaughtUp | ReplayCompleted | EndOfInterval | ReplayState | EndOfReplay \
    | ClockTick | Defined | Heartbeat | Shutdown
