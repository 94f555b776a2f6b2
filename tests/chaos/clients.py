"""Traders and subscribers that go to whoever leads, come back after every loss, and write down what they are told.

Light on purpose: hundreds of them share one loop. They judge nothing; history.py does."""
from __future__ import annotations

import asyncio
import base64
import collections
import contextlib
import hashlib
import hmac
import json
import random
import ssl
import struct
import zlib
from typing import Any, AsyncIterator, Callable

import websockets

from history import Frame, Subscriber, Trader

SECRET = b"chaos-test-secret"
_FRAME = struct.Struct("<QQQQIHBB")
_MBO = 1
_SNAPSHOT, _PARTIAL = 1, 128
_MBO_BYTES = 64
_RETRY_S = (0.05, 0.4)


def tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


TLS = tls()
LOST = (OSError, websockets.WebSocketException, asyncio.TimeoutError, EOFError)


def frame_of(data: bytes) -> tuple[tuple[int, ...], memoryview]:
    """Header and rows of the vector that a frame carries, read by hand: schemas/tick.fbs."""
    root = struct.unpack_from("<I", data, 0)[0]
    vtable = root - struct.unpack_from("<i", data, root)[0]
    size = struct.unpack_from("<H", data, vtable)[0]

    def place(field: int) -> int:
        at = 4 + 2 * field
        offset = struct.unpack_from("<H", data, vtable + at)[0] if at + 2 <= size else 0
        return root + offset if offset else 0

    header = _FRAME.unpack_from(data, place(0))
    rows = place(_MBO) if header[6] == _MBO else 0
    if not rows:
        return header, memoryview(b"")
    begin = rows + struct.unpack_from("<I", data, rows)[0]
    count = struct.unpack_from("<I", data, begin)[0]
    return header, memoryview(data)[begin + 4:begin + 4 + count * _MBO_BYTES]


class Clients:
    """`urls()`: where an exchange or a gateway may be now; asked at each connect."""

    def __init__(self, urls: Callable[[], list[str]], seed: int) -> None:
        self.urls, self.random = urls, random.Random(seed)
        self.is_over = False
        self.told = 0
        self.received = 0
        self._open: dict[Any, str] = {}

    @contextlib.asynccontextmanager
    async def _connect(self, path: str, subprotocol: str) -> AsyncIterator[Any]:
        urls = self.urls()
        if not urls:
            raise ConnectionRefusedError("nobody serves")
        url = self.random.choice(urls)
        socket = await asyncio.wait_for(
            websockets.connect(url + path, ssl=TLS, max_size=2**22, subprotocols=[subprotocol], close_timeout=0.5,
                               ping_interval=None, compression=None), 10)
        self._open[socket] = url
        try:
            yield socket
        finally:
            self._open.pop(socket, None)
            socket.transport.abort()

    async def leave_who_is_gone(self) -> None:
        """A stopped process keeps its connections: clients leave it, as they would after some heartbeats without an answer."""
        while True:
            await asyncio.sleep(0.3)
            urls = self.urls()
            for socket, url in list(self._open.items()):
                if url not in urls:
                    socket.transport.abort()

    async def _again(self, once: Callable[[], Any], lost: Callable[[], None]) -> None:
        while not self.is_over:
            try:
                await once()
            except LOST:
                lost()
            await asyncio.sleep(self.random.uniform(*_RETRY_S))

    # Subscribers.
    async def subscribe(self, subscriber: Subscriber) -> None:
        def lost() -> None:
            subscriber.reconnects += 1
        await self._again(lambda: self._subscribe_once(subscriber), lost)

    async def _subscribe_once(self, s: Subscriber) -> None:
        async with self._connect("/v1/md", "bourse.fb.v1") as ws:
            sub: dict[str, Any] = {"channel": "mbo", "symbols": [s.symbol]}
            if s.begin:
                epoch = s.frames[-1].epoch if s.frames else 0
                sub["start"] = {"seq": str(s.last + 1)} | ({"epoch": epoch} if epoch else {})
            await ws.send(json.dumps({"op": "subscribe", "id": "1", "subs": [sub]}))
            parts: list[tuple[tuple[int, ...], bytes]] = []
            async for message in ws:
                if isinstance(message, str):
                    if not self._on_text(s, json.loads(message)):
                        return
                    continue
                header, rows = frame_of(message)
                if header[6] != _MBO or header[7] & _SNAPSHOT:
                    continue
                self.received += 1
                if parts:
                    rows = b"".join([*(r for _, r in parts), rows])
                    header = (*parts[0][0][:1], parts[0][0][1], *header[2:])
                if header[7] & _PARTIAL:  # a part of a transaction: it counts when it is whole
                    parts = [(header, bytes(rows))]
                    continue
                parts = []
                s.frames.append(Frame(header[0], header[1], header[2], header[5], zlib.crc32(rows), len(rows) // _MBO_BYTES))
                if self.is_over:
                    return

    @staticmethod
    def _on_text(s: Subscriber, reply: dict[str, Any]) -> bool:
        """False: connect again."""
        if reply.get("op") == "subscribed":
            for refused in reply.get("rejected", []):
                # Not there yet (a node that has just come up), or too far in the past of this node.
                if refused.get("name") in ("unknown_symbol", "server_busy") or s.begin == 0:
                    return False
                s.errors.append(json.dumps(refused))
                return False
            if not s.begin and reply["streams"]:
                s.begin = int(reply["streams"][0]["from_seq"])
        elif reply.get("op") == "error":
            if reply.get("name") not in ("server_busy", "too_many_replays", "slow_reader"):
                s.errors.append(json.dumps(reply))
            return False
        return True

    # Traders.
    async def trade(self, trader: Trader, key: str, symbols: list[str], per_second: float) -> None:
        pending: dict[int, str] = collections.OrderedDict()
        state = {"next": 1}
        await self._again(lambda: self._trade_once(trader, key, symbols, per_second, pending, state), lambda: None)

    async def _trade_once(self, t: Trader, key: str, symbols: list[str], per_second: float, pending: dict[int, str],
                          state: dict[str, int]) -> None:
        async with self._connect("/v1/trade", "bourse.json.v1") as ws:
            hello = json.loads(await asyncio.wait_for(ws.recv(), 10))
            proof = hmac.new(SECRET, f"{hello['nonce']}|{hello['session']}".encode(), hashlib.sha256).digest()
            await ws.send(json.dumps({"op": "auth", "id": "auth", "key": key, "alg": "hmac-sha256",
                                      "sig": base64.b64encode(proof).decode(), "exec_from": str(t.exec_last + 1)}))
            reply = json.loads(await asyncio.wait_for(ws.recv(), 10))
            if reply["op"] != "auth_ok":
                if reply.get("name") not in ("server_busy", "too_many_connections"):
                    t.exec_faults.append(f"not let in: {reply}")
                return
            # Orders without an answer are sent again, in order, under their own numbers: what was executed is
            # answered with what became of it, what was not is new.
            state["next"] = max(state["next"], int(reply["next_client_seq"]), max(pending, default=0) + 1)
            sender = asyncio.create_task(self._send(ws, t, symbols, per_second, pending, state))
            try:
                async for message in ws:
                    self._on_answer(t, json.loads(message), pending)
                    if self.is_over and not pending:
                        return
            finally:
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)

    async def _send(self, ws: Any, t: Trader, symbols: list[str], per_second: float, pending: dict[int, str],
                    state: dict[str, int]) -> None:
        for text in list(pending.values()):
            await ws.send(text)
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self.is_over:
            if len(pending) < 64:
                number = state["next"]
                state["next"] += 1
                buys = self.random.random() < 0.5
                price = 100 + self.random.randrange(-20, 20) / 100
                pending[number] = json.dumps(
                    {"op": "order", "id": str(number), "client_seq": str(number), "symbol": self.random.choice(symbols),
                     "side": "buy" if buys else "sell", "type": "limit", "px": f"{price:.2f}", "qty": "0.01",
                     "tif": self.random.choice(("gtc", "ioc", "ioc", "ioc"))})
                t.sent += 1
                await ws.send(pending[number])
            due = max(due + 1 / per_second, loop.time() - 0.2)
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _on_answer(self, t: Trader, message: dict[str, Any], pending: dict[int, str]) -> None:
        op = message["op"]
        if op == "exec":
            self._on_report(t, message, pending)
        elif op == "outcome":
            number = int(message["client_seq"])
            for report in message["reports"]:
                self._decided(t, report, number)
            if message["reports"]:
                pending.pop(number, None)
        elif op == "error" and message.get("id", "").isdigit():
            # Refused before it was sequenced: nothing has happened, and the same number may be sent again.
            pending.pop(int(message["id"]), None)

    def _on_report(self, t: Trader, message: dict[str, Any], pending: dict[int, str]) -> None:
        execution, sequence = int(message["exec_seq"]), int(message["seq"])
        if execution <= t.exec_last:
            return
        if execution != t.exec_last + 1:
            t.exec_faults.append(f"exec_seq {execution} after {t.exec_last}")
        t.exec_last = execution
        t.fills[execution] = sequence
        number = int(message.get("client_seq", 0))
        if number and not message.get("duplicate"):
            self._decided(t, message, number)
            if message["exec_type"] in ("accepted", "rejected"):
                pending.pop(number, None)

    def _decided(self, t: Trader, report: dict[str, Any], number: int) -> None:
        if report["exec_type"] == "accepted":
            t.accepted[number].add(int(report["order_id"]))
            self.told += 1
        elif report["exec_type"] == "rejected" and not report.get("duplicate"):
            t.rejected[number].add(int(report.get("reject_code", 0)))
