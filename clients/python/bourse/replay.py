"""A recorded session as if it were live: `/v1/replay` of an exchange, or `bourse serve-replay`.

    with bourse.Replay("wss://127.0.0.1:9443", insecure=True, from_ts="2026-01-05T14:30", speed=10) as replay:
        replay.subscribe("mbo", "BTC-USD", snapshot=True)
        for event in replay: ...                          # frames, ClockTick, ReplayState, and EndOfReplay with a digest

The clock waits for its reader and stands until the first subscription; the stream ends with the range."""
from __future__ import annotations

import urllib.parse
from typing import Any

from .frames import Frame, System
from .live import Live
from .notices import ClockTick, EndOfReplay, ReplayState
from .records import SystemCode
from .times import Time, nanoseconds


class Replay(Live):
    """Range: from_seq, from_ts or session; to_seq or to_ts. Pace: speed (0.1 to 1000, or "max"), max_gap_ms, tick_ms, paused. `stay`: do not
    end with the range; `key`: those who name the same one are one replay; `log`: which one, if the exchange has several (Live.log_of). A cut connection is an error: the pace was lost with it."""

    def __init__(self, url: str, *, insecure: bool = False, ca: str | None = None, from_seq: int | None = None, from_ts: Time | None = None,
                 session: int | str | None = None, to_seq: int | None = None, to_ts: Time | None = None, speed: float | str = 1,
                 max_gap_ms: int | None = None, tick_ms: int | None = None, paused: bool = False, stay: bool = False,
                 key: str | None = None, log: int | None = None, **options: Any) -> None:
        query: dict[str, Any] = {"from_seq": from_seq, "session": session, "to_seq": to_seq, "speed": speed, "max_gap_ms": max_gap_ms,
                                 "tick_ms": tick_ms, "paused": 1 if paused else None, "stay": 1 if stay else None, "key": key, "log": log,
                                 "from_ts": None if from_ts is None else nanoseconds(from_ts),
                                 "to_ts": None if to_ts is None else nanoseconds(to_ts)}
        path = "/v1/replay?" + urllib.parse.urlencode({name: value for name, value in query.items() if value is not None})
        super().__init__(url, insecure=insecure, ca=ca, path=path, reconnect=False, **options)
        self._log = log or 0
        self.state = ReplayState("waiting", 0, 0, str(speed), 0)

    def log_of(self, stream: int) -> int:
        return self._log

    def pause(self) -> None:
        self.request({"op": "pause"})

    def resume(self) -> None:
        self.request({"op": "resume"})

    def speed(self, speed: float | str) -> None:
        self.request({"op": "speed", "speed": str(speed)})

    def seek(self, *, seq: int | None = None, ts: Time | None = None) -> None:
        self.request({"op": "seek", **({"seq": str(seq)} if seq is not None else {"ts": str(nanoseconds(ts))})})

    def step(self, *, transactions: int | None = None, events: int | None = None, trades: int | None = None) -> None:
        """So many, then it pauses."""
        named = {"transactions": transactions, "events": events, "trades": trades}
        self.request({"op": "step", **{name: count for name, count in named.items() if count is not None}})

    async def _on_other_reply(self, reply: dict[str, Any]) -> None:
        if reply.get("op") == "replay_state":
            before = self.state.state
            self.state = ReplayState(str(reply["state"]), int(reply.get("seq", 0)), int(reply.get("ts", 0)), str(reply.get("speed", "")),
                                     int(reply.get("members", 1)))
            if before == "seeking" and self.state.state != "seeking":  # every stream begins again behind this place
                for stream in self.streams.values():
                    stream.last, stream.whole, stream.parts = self.state.seq, self.state.seq, []
            await self._put(self.state)
        elif reply.get("op") == "end_of_replay":
            summary = reply["summary"]
            self._is_over = "stay=1" not in self.path
            await self._put(EndOfReplay(int(summary["transactions"]), int(summary["events"]), int(summary["trades"]), int(summary["delivered"]),
                                        str(summary["digest"])))

    async def _on_other_system(self, frame: Frame, system: System) -> None:
        if system.code == SystemCode.CLOCK_TICK:
            await self._put(ClockTick(system.ts))
        elif system.code != SystemCode.END_OF_REPLAY:  # told by end_of_replay already, with its digests
            await super()._on_other_system(frame, system)
