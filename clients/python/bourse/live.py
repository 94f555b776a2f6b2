"""Market data as it happens: frames and notices in one stream, resumed by default behind what was received.

    with bourse.Live("wss://127.0.0.1:9443", insecure=True) as live:
        live.subscribe("mbo", "BTC-USD", snapshot=True)
        for event in live: ...

`for`, `async for` and `run(callback)` give the same events: a Frame, or one of bourse.notices."""
from __future__ import annotations

import asyncio
import collections
import dataclasses
import json
import random
import time
from typing import Any, AsyncIterator, Callable, Iterator, Sequence

from .book import Book
from .connection import BACKOFF_S, MESSAGE_BYTES_MAX, LoopThread, base_url, tls, websockets_module
from .errors import BourseError, GapError, RemoteError, UnknownSymbol
from .frames import Frame, System
from .instrument import Instrument
from .notices import (CaughtUp, Defined, Disconnected, EndOfInterval, Gap, Heartbeat, Notice, Reconnected, ReplayCompleted, Shutdown,
                      Slow, Stale)
from .records import Channel, FrameFlag, SystemCode
from .times import Time, nanoseconds

Event = Frame | Notice
WITH_SNAPSHOT = frozenset({"mbo", "bbo", "level", "depth10", "check"})
PARAMETERS = ("depth", "conflate_ms", "interval_ms", "every", "on_slow")  # of a channel: what makes a stream of its own, and how it is read
SYMBOLS_PER_REQUEST = 500
GAPS_IN_A_ROW_MAX = 3


@dataclasses.dataclass(slots=True)
class Stream:
    """One channel of one instrument, and how far it has been received."""
    channel: str
    symbol: str
    last: int                  # last_seq of the last frame: the next one's prev_seq
    whole: int                 # the same, without parts of a transaction and of a snapshot
    epoch: int
    options: dict[str, Any]    # of its subscription, for resuming
    is_live: bool = False
    awaits_snapshot: bool = False
    parts: list[Frame] = dataclasses.field(default_factory=list)


class _Healing(Exception):
    """A gap: connect again and go on behind the last whole transaction."""


class Live:
    def __init__(self, url: str, *, insecure: bool = False, ca: str | None = None, reconnect: bool = True, stale_s: float = 3.0,
                 dead_s: float = 15.0, heartbeats: bool = False, path: str = "/v1/md", queue: int = 4096) -> None:
        self.url, self.path = base_url(url), path
        self.instruments: dict[int, Instrument] = {}
        self.streams: dict[int, Stream] = {}
        self.hello: dict[str, Any] = {}
        self.head_seq = 0  # of the exchange's log; of several: of the one that is furthest
        self.heads: dict[int, int] = {}  # of each log
        self._tls = tls(insecure, ca) if self.url.startswith("wss") else None
        self._reconnect, self._stale_s, self._dead_s, self._heartbeats, self._queue_max = reconnect, stale_s, dead_s, heartbeats, queue
        self._wishes: list[dict[str, Any]] = []
        self._asked: dict[str, list[dict[str, Any]]] = {}  # id of the request: its subs
        self._next_id = 0
        self._socket: Any = None
        self._queue: asyncio.Queue[Event | BaseException | None] | None = None
        self._taken: collections.deque[Event | BaseException | None] = collections.deque()
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: LoopThread | None = None
        self._waiting_since: float | None = None
        self._closed = False
        self._is_over = False  # the server has said that nothing more comes
        self._gaps = 0

    # Asking.
    def subscribe(self, channel: str, symbols: str | Sequence[str], *, from_seq: int | None = None, start: Time | None = None,
                  to_seq: int | None = None, end: Time | None = None, snapshot: bool = False, **options: Any) -> Live:
        """`from_seq` or `start` (a time, "session" or "earliest") begins in the past, `to_seq` (inclusive) or `end` (exclusive) ends there;
        `snapshot` sends the state first. Other options go to the server as they are (depth, conflate_ms, interval_ms, every, on_slow).
        May be called while events are read."""
        sub: dict[str, Any] = {"channel": channel, "symbols": [symbols] if isinstance(symbols, str) else list(symbols), **options}
        if from_seq is not None:
            sub["start"] = {"seq": str(from_seq)}
        elif start in ("earliest", "session"):
            sub["start"] = start
        elif start is not None:
            sub["start"] = {"ts": str(nanoseconds(start))}
        if to_seq is not None or end is not None:
            sub["end"] = {"seq": str(to_seq)} if to_seq is not None else {"ts": str(nanoseconds(end))}
        if snapshot:
            sub["snapshot"] = True
        self._wishes.append(sub)
        if self._socket is not None and self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._ask([sub]), self._loop)
        return self

    def unsubscribe(self, channel: str, symbol: str) -> None:
        self._wishes = [w for w in self._wishes if w["channel"] != channel or w["symbols"] != [symbol]]
        gone = [i for i, s in self.streams.items() if (s.channel, s.symbol) == (channel, symbol)]
        for stream in gone:
            del self.streams[stream]
        if gone:
            self.request({"op": "unsubscribe", "streams": gone})

    def request(self, message: dict[str, Any]) -> None:
        """Any request of the protocol; nothing is sent while there is no connection."""
        if self._socket is not None and self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._socket.send(json.dumps(message)), self._loop)

    @property
    def logs(self) -> int:
        """How many logs the exchange has: each numbers its own transactions."""
        return max(1, len(self.hello.get("logs", [])))

    def log_of(self, stream: int) -> int:
        """Which log a stream is of: it is told by the instrument's number."""
        return ((stream & 0xFFFFFF) - 1) % self.logs

    def instrument(self, symbol: str) -> Instrument:
        for instrument in self.instruments.values():
            if instrument.symbol == symbol:
                return instrument
        raise UnknownSymbol(symbol, [i.symbol for i in self.instruments.values()])

    def book(self, symbol: str) -> Book:
        """An empty book, to be fed with the rows of its mbo frames. The definition comes before the first frame."""
        return Book(self.instrument(symbol))

    # Receiving.
    async def __aiter__(self) -> AsyncIterator[Event]:
        self._start()
        assert self._queue is not None
        while True:
            event = await self._queue.get()
            if event is None:
                return
            if isinstance(event, BaseException):
                raise event
            yield event

    def __iter__(self) -> Iterator[Event]:
        if self._thread is None:
            self._thread = LoopThread("bourse-live")
        while True:
            if not self._taken:  # what a loop that was left has not looked at is the next one's
                if self._thread is None:
                    return
                self._taken.extend(self._thread.call(self._take()))
            event = self._taken.popleft()
            if event is None:
                return
            if isinstance(event, BaseException):
                raise event
            yield event

    def run(self, callback: Callable[[Event], object], seconds: float | None = None) -> None:
        """Calls back for each event, until `close`, or for so long."""
        if seconds is not None:
            thread = self._thread = self._thread or LoopThread("bourse-live")
            thread.loop.call_soon_threadsafe(thread.loop.call_later, seconds, self._finish)
        for event in self:
            callback(event)

    async def _take(self) -> list[Event | BaseException | None]:
        """All that is there: one hop between threads for many events."""
        self._start()
        assert self._queue is not None
        events = [await self._queue.get()]
        while not self._queue.empty():
            events.append(self._queue.get_nowait())
        return events

    def _start(self) -> None:
        if self._queue is None:
            self._loop = asyncio.get_running_loop()
            self._queue = asyncio.Queue(self._queue_max)
            self._tasks = [self._loop.create_task(self._pump()), self._loop.create_task(self._watch())]

    def _finish(self) -> None:
        self._closed = True
        for task in self._tasks:
            task.cancel()

    def close(self) -> None:
        self._closed = True
        if self._thread is not None:
            self._thread.loop.call_soon_threadsafe(self._finish)
            self._thread.call(self._done())
            self._thread.stop()
            self._thread = None

    async def aclose(self) -> None:
        self._finish()
        await self._done()

    async def _done(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Live:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _put(self, event: Event) -> None:
        assert self._queue is not None
        waiting, self._waiting_since = self._waiting_since, None  # whoever takes nothing makes nothing stale
        await self._queue.put(event)
        self._waiting_since = waiting

    # Connecting.
    async def _pump(self) -> None:
        assert self._queue is not None
        websockets = websockets_module()
        attempts, was_connected = 0, False
        end: BaseException | None = None
        try:
            while not self._closed:
                reason = ""
                try:
                    async with websockets.connect(self.url + self.path, ssl=self._tls, max_size=MESSAGE_BYTES_MAX, ping_timeout=None,
                                                  close_timeout=1, subprotocols=["bourse.fb.v1"]) as socket:
                        self.hello = json.loads(await socket.recv())
                        if self.hello.get("op") == "error":
                            raise RemoteError(self.hello)
                        self._socket = socket
                        await self._ask_for_all()
                        if was_connected:
                            await self._put(Reconnected(attempts, int(self.hello.get("epoch", 0)), len(self.streams)))
                        attempts, was_connected = 0, True
                        await self._receive(socket)
                except _Healing as gap:
                    reason = str(gap)
                except websockets.InvalidStatusCode as error:
                    raise BourseError(f"{self.url}{self.path}: refused with HTTP {error.status_code}") from None
                except (OSError, websockets.WebSocketException, asyncio.TimeoutError) as error:
                    reason = str(error) or type(error).__name__
                finally:
                    self._socket, self._waiting_since = None, None
                if self._is_over:
                    return
                if not self._reconnect or (not was_connected and attempts >= len(BACKOFF_S)):
                    raise BourseError(f"{self.url}{self.path}: {reason}")
                delay = BACKOFF_S[min(attempts, len(BACKOFF_S) - 1)] * random.uniform(0.5, 1.0)
                attempts += 1
                if was_connected:
                    await self._put(Disconnected(reason, delay))
                await asyncio.sleep(delay)
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            end = error
        finally:
            if self._queue.full() and self._closed:
                self._queue.get_nowait()  # nobody reads on, but whoever waits must wake
            await self._queue.put(end)

    async def _watch(self) -> None:
        """Says when nothing comes, and gives a dead connection up."""
        is_told = False
        while True:
            await asyncio.sleep(self._stale_s / 4)
            since, socket = self._waiting_since, self._socket
            silence = time.monotonic() - since if since is not None else 0.0
            if silence < self._stale_s:
                is_told = False
            elif not is_told:
                is_told = True
                assert self._queue is not None
                await self._queue.put(Stale(int(silence * 1000)))
            if silence > self._dead_s and socket is not None:
                self._waiting_since = None
                asyncio.ensure_future(socket.close(4000, "silence"))

    async def _ask(self, subs: list[dict[str, Any]]) -> None:
        for begin in range(0, len(subs), SYMBOLS_PER_REQUEST):
            self._next_id += 1
            part = subs[begin:begin + SYMBOLS_PER_REQUEST]
            self._asked[str(self._next_id)] = part
            await self._socket.send(json.dumps({"op": "subscribe", "id": str(self._next_id), "subs": part}))

    async def _ask_for_all(self) -> None:
        """What was wished for and never granted as it was wished; what was received from behind its last transaction."""
        self._asked = {}
        if not self.streams:
            await self._ask(self._wishes)
            return
        subs = []
        for stream in self.streams.values():
            sub: dict[str, Any] = {"channel": stream.channel, "symbols": [stream.symbol], **stream.options}
            stream.parts, stream.is_live, stream.last = [], False, stream.whole
            if stream.awaits_snapshot:
                sub["snapshot"] = True
            else:
                sub["start"] = {"seq": str(stream.whole + 1)} | ({"epoch": stream.epoch} if stream.epoch else {})
            subs.append(sub)
        await self._ask(subs)

    # Understanding.
    async def _receive(self, socket: Any) -> None:
        while True:
            self._waiting_since = time.monotonic()
            message = await socket.recv()
            self._waiting_since = None
            if isinstance(message, bytes):
                await self._on_frame(Frame(message))
            else:
                await self._on_reply(json.loads(message))

    async def _on_reply(self, reply: dict[str, Any]) -> None:
        op = reply.get("op")
        if op == "subscribed":
            subs = self._asked.pop(str(reply.get("id")), [])
            for granted in reply["streams"]:
                self._on_granted(granted, subs)
            for refused in reply.get("rejected", []):
                await self._on_refused(refused)
        elif op == "error":
            if "stream" in reply and int(reply["stream"]) in self.streams:
                raise _Healing(f"{reply['code']} {reply['name']}: {reply.get('msg', '')}")
            raise RemoteError(reply)
        elif op == "shutdown":
            await self._put(Shutdown(str(reply.get("msg", ""))))
        else:
            await self._on_other_reply(reply)

    async def _on_other_reply(self, reply: dict[str, Any]) -> None:
        """For those who add requests of their own."""

    def _on_granted(self, granted: dict[str, Any], subs: list[dict[str, Any]]) -> None:
        number, at = int(granted["stream"]), int(granted["from_seq"]) - 1
        options = {name: granted[name] for name in PARAMETERS if name in granted}

        def distance(sub: dict[str, Any]) -> tuple[bool, bool, int]:
            """How far a wish is from this stream: other parameters, the symbol by a pattern only."""
            others = sum(1 for name in PARAMETERS if name != "on_slow" and sub.get(name, options.get(name)) != options.get(name))
            return sub["channel"] != granted["channel"], granted["symbol"] not in sub["symbols"], others

        wish: dict[str, Any] = min(subs, key=lambda sub: (distance(sub)[0], distance(sub)[2], distance(sub)[1]), default={})
        if "on_slow" in wish:
            options["on_slow"] = wish["on_slow"]
        if "end" in wish:
            options["end"] = wish["end"]
        known = self.streams.get(number)
        self.streams[number] = Stream(granted["channel"], granted["symbol"], at, at, known.epoch if known else 0, options,
                                      is_live="start" not in wish and not wish.get("snapshot"), awaits_snapshot=bool(wish.get("snapshot")))

    async def _on_refused(self, refused: dict[str, Any]) -> None:
        """A stream that cannot go on begins anew; a wish that cannot be granted is an error."""
        for number, stream in list(self.streams.items()):
            if (stream.channel, stream.symbol) == (refused.get("channel"), refused.get("symbol")) and refused["code"] in (4001, 4002, 4006):
                del self.streams[number]
                await self._put(Gap(stream.channel, stream.symbol, stream.whole + 1, 0, False, f"{refused['code']} {refused['name']}"))
                await self._ask([{"channel": stream.channel, "symbols": [stream.symbol], **stream.options,
                                  **({"snapshot": True} if stream.channel in WITH_SNAPSHOT else {})}])
                return
        raise RemoteError(refused)

    async def _on_frame(self, frame: Frame) -> None:
        if frame.channel == Channel.SYSTEM:
            system = frame.system
            if system is not None:
                await self._on_system(frame, system)
            return
        if frame.channel == Channel.DEFINITION:
            for instrument in frame.definitions:
                self.instruments[instrument.id] = instrument
                await self._put(Defined(instrument))
            return
        stream = self.streams.get(frame.stream_id)
        if stream is None:  # of a stream that was given up
            return
        frame.symbol = stream.symbol
        if frame.is_snapshot:
            stream.last = frame.last_seq
            if frame.flags & FrameFlag.SNAP_END:
                stream.whole, stream.awaits_snapshot = frame.last_seq, False
        elif frame.prev_seq != stream.last:
            await self._on_gap(stream, frame.prev_seq)
        else:
            stream.last = frame.last_seq
        stream.epoch = frame.epoch
        if frame.is_partial:
            stream.parts.append(frame)
            return
        if not frame.is_snapshot:
            stream.whole, self._gaps = frame.last_seq, 0
            self._on_head(self.log_of(frame.stream_id), frame.last_seq)
        for part in stream.parts:
            await self._put(part)
        stream.parts = []
        await self._put(frame)

    def _on_head(self, log: int, seq: int) -> None:
        self.heads[log] = max(self.heads.get(log, 0), seq)
        self.head_seq = max(self.head_seq, seq)

    async def _on_gap(self, stream: Stream, position: int) -> None:
        self._gaps += 1
        what = f"{stream.channel} {stream.symbol}: frames are missing"
        if self._gaps > GAPS_IN_A_ROW_MAX:
            raise GapError(f"{what} again and again: last_seq", stream.last, position)
        await self._put(Gap(stream.channel, stream.symbol, stream.whole + 1, position, self._reconnect, "a frame is missing"))
        raise _Healing(what)

    async def _on_system(self, frame: Frame, system: System) -> None:
        code = system.code
        log = frame.stream_id & 0xFFFFFF  # whose sequences it tells, and whose streams it is about
        if code == SystemCode.REPLAY_COMPLETED and system.stream_id:  # of a gap fill that was asked for by hand
            return
        if code in (SystemCode.HEARTBEAT, SystemCode.REPLAY_COMPLETED):
            for position in system.positions:
                stream = self.streams.get(int(position["stream_id"]))
                if stream is None or (code == SystemCode.HEARTBEAT and not stream.is_live):
                    continue
                if int(position["last_seq"]) > stream.last:
                    await self._on_gap(stream, int(position["last_seq"]))
                stream.is_live = True
        if code == SystemCode.HEARTBEAT:
            self._on_head(log, system.journal_seq)
            if self._heartbeats:
                await self._put(Heartbeat(system.journal_seq, system.ts))
        elif code == SystemCode.REPLAY_COMPLETED:
            await self._put(ReplayCompleted(system.journal_seq))
        elif code == SystemCode.SLOW_READER:
            for number, stream in self.streams.items():
                stream.is_live = stream.is_live and self.log_of(number) != log
            await self._put(Slow(system.lag_ns, system.lag_events))
        elif code == SystemCode.CAUGHT_UP:
            for number, stream in self.streams.items():
                stream.is_live = stream.is_live or self.log_of(number) == log
            await self._put(CaughtUp(system.journal_seq))
        elif code == SystemCode.END_OF_INTERVAL:
            over = [self.streams.pop(int(p["stream_id"])) for p in system.positions if int(p["stream_id"]) in self.streams]
            await self._put(EndOfInterval(max((s.whole for s in over), default=0), tuple(s.symbol for s in over)))
        elif code == SystemCode.GAP and system.gap is not None:  # on_slow: "skip"
            skipped = self.streams.get(int(system.gap["stream_id"][0]))
            if skipped is not None:
                low, high = int(system.gap["from_seq"][0]), int(system.gap["to_seq"][0])
                skipped.last = skipped.whole = max(skipped.last, high)
                skipped.parts = []
                await self._put(Gap(skipped.channel, skipped.symbol, low, high, False, "skipped: the reader was slow"))
        else:
            await self._on_other_system(frame, system)

    async def _on_other_system(self, frame: Frame, system: System) -> None:
        # Of a newer server, or what a gateway says of itself: passed on.
        if not isinstance(system.code, SystemCode) or system.code in (SystemCode.STALE, SystemCode.CURRENT):
            await self._put(frame)
