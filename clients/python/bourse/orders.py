"""Orders: `Trader` for scripts and notebooks, `AsyncTrader` for those who have a loop. A refusal is an exception, a lost connection is
not: the session comes back, reads the reports it has missed and sends again what was not sequenced, with the same client_seq."""
from __future__ import annotations

import asyncio
import base64
import collections
import dataclasses
import itertools
import json
import random
from decimal import Decimal
from typing import Any, Callable, Iterator

from .connection import BACKOFF_S, MESSAGE_BYTES_MAX, WithoutAwait, base_url, get, proof, tls, websockets_module
from .errors import BourseError, Rejected, RemoteError, UnknownSymbol
from .instrument import Instrument

Number = str | int | float | Decimal
DEMO_KEY, DEMO_SECRET = "demo", b"bourse-demo-secret-not-for-production"
_ENDED = frozenset({"filled", "canceled", "rejected", "expired"})


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """One report of the account (docs/PROTOCOL.md, section 6). `raw` has every field, prices and quantities as decimal text."""
    exec_seq: int
    seq: int
    type: str
    status: str
    order_id: int
    client_seq: int
    symbol: str
    last_qty: Decimal
    last_px: Decimal | None
    leaves_qty: Decimal
    cum_qty: Decimal
    is_replay: bool
    raw: dict[str, Any]

    @property
    def log(self) -> int:
        """Which of the exchange's logs it is of: its numbers are that log's."""
        return int(self.raw.get("log", 0))

    @property
    def key(self) -> int:
        return order_key(self.order_id, self.log)

    @staticmethod
    def of(raw: dict[str, Any]) -> Report:
        return Report(int(raw["exec_seq"]), int(raw["seq"]), raw["exec_type"], raw.get("status", ""), int(raw.get("order_id", 0)),
                      int(raw.get("client_seq", 0)), raw.get("symbol", ""), Decimal(raw.get("last_qty", "0")),
                      Decimal(raw["last_px"]) if "last_px" in raw else None, Decimal(raw.get("leaves_qty", "0")),
                      Decimal(raw.get("cum_qty", "0")), bool(raw.get("replay")), raw)


def order_key(order_id: int, log: int) -> int:
    """The number of an order in `Trader.orders`: its id, and above it the log, for two logs may use the same id."""
    return order_id | log << 56


@dataclasses.dataclass(slots=True)
class Order:
    """One order, kept up to date by its reports."""
    symbol: str
    side: str
    order_id: int
    client_seq: int
    price: Decimal | None
    qty: Decimal
    status: str = "none"
    filled: Decimal = Decimal(0)
    leaves: Decimal = Decimal(0)
    fills: list[Report] = dataclasses.field(default_factory=list)
    log: int = 0

    @property
    def is_open(self) -> bool:
        return self.status not in _ENDED

    def take(self, report: Report) -> None:
        self.status, self.filled, self.leaves = report.status or self.status, report.cum_qty, report.leaves_qty
        if report.last_qty:
            self.fills.append(report)
        if report.type == "replaced":
            self.qty = Decimal(report.raw.get("qty", self.qty))
            self.price = Decimal(report.raw["price"]) if "price" in report.raw else self.price


@dataclasses.dataclass(slots=True)
class _Request:
    message: dict[str, Any]
    is_answer: Callable[[Report], bool]
    answer: asyncio.Future[Report]
    is_repeated: bool = False  # sent again: what became of the first one is told by `outcome`


def _rejection(report: Report) -> Rejected:
    return Rejected(int(report.raw.get("reject_code", 0)), str(report.raw.get("reject", "")), "", report.raw, True)


class AsyncTrader:
    """`async with AsyncTrader(url) as x: order = await x.buy("BTC-USD", 0.5, price="60000.01")`. Without a key: the demo's."""

    def __init__(self, url: str, key: str = DEMO_KEY, secret: bytes | str = DEMO_SECRET, *, insecure: bool = False, ca: str | None = None,
                 reconnect: bool = True, timeout: float = 30.0, **auth: Any) -> None:
        self.url = base_url(url)
        self.account = 0
        self.orders: dict[int, Order] = {}
        self.instruments: dict[str, Instrument] = {}
        self.reconnects = 0
        self._key, self._secret, self._auth = key, secret.encode() if isinstance(secret, str) else secret, auth
        self._tls = tls(insecure, ca) if self.url.startswith("wss") else None
        self._insecure, self._ca = insecure, ca
        self._reconnect, self._timeout = reconnect, timeout
        self.logs = 1  # of the exchange; each numbers requests and reports by itself
        self._client_seq: dict[int, int] = collections.defaultdict(int)
        self._exec_seq: dict[int, int] = collections.defaultdict(int)
        self._pending: dict[str, _Request] = {}
        self._questions: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._reports: asyncio.Queue[Report] = asyncio.Queue()
        self._question_numbers = itertools.count(1)
        self._listeners: list[Callable[[Report], object]] = []
        self._socket: Any = None
        self._is_ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None

    async def __aenter__(self) -> AsyncTrader:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        if self._tls is not None:
            found = await loop.run_in_executor(None, get, self.url, "/v1/instruments", self._tls)
            self.instruments = {i["symbol"]: _instrument(i) for i in found["instruments"]}
        self._task = loop.create_task(self._run())
        ready = loop.create_task(self._is_ready.wait())
        await asyncio.wait({self._task, ready}, timeout=self._timeout, return_when=asyncio.FIRST_COMPLETED)
        if not self._is_ready.is_set():
            ready.cancel()
            self._task.cancel()
            raise self._failure or BourseError(f"{self.url}/v1/trade: no answer within {self._timeout} s")

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        websockets = websockets_module()
        attempts = 0
        while True:
            try:
                async with websockets.connect(self.url + "/v1/trade", ssl=self._tls, max_size=MESSAGE_BYTES_MAX, close_timeout=1,
                                              subprotocols=["bourse.json.v1"]) as socket:
                    await self._log_on(socket)
                    self._socket, attempts = socket, 0
                    self._is_ready.set()
                    async for message in socket:
                        self._on_message(json.loads(message))
                reason = f"closed with {socket.close_code}"
            except (RemoteError, asyncio.CancelledError) as error:
                self._fail(error)
                raise
            except websockets.InvalidStatusCode as error:
                self._fail(BourseError(f"{self.url}/v1/trade: refused with HTTP {error.status_code}"))
                return
            except (OSError, websockets.WebSocketException, asyncio.TimeoutError) as error:
                reason = str(error) or type(error).__name__
            self._socket = None
            if not self._reconnect or (not self._is_ready.is_set() and attempts >= 3):
                self._fail(BourseError(f"{self.url}/v1/trade: {reason}"))
                return
            await asyncio.sleep(BACKOFF_S[min(attempts, len(BACKOFF_S) - 1)] * random.uniform(0.5, 1.0))
            attempts += 1

    def _fail(self, error: BaseException) -> None:
        self._failure = error if isinstance(error, BourseError) else BourseError("the session is closed")
        for request in self._pending.values():
            if not request.answer.done():
                request.answer.set_exception(self._failure)
        self._pending.clear()
        for question in self._questions.values():
            if not question.done():
                question.set_exception(self._failure)
        self._questions.clear()

    async def _log_on(self, socket: Any) -> None:
        hello = json.loads(await socket.recv())
        auth: dict[str, Any] = {"op": "auth", "id": "auth", "key": self._key, **self._auth}
        auth |= proof(self._secret, f"{hello['nonce']}|{hello['session']}")
        again = self._is_ready.is_set()
        self.logs = max(1, len(hello.get("logs", [])))
        if again and self.logs == 1:
            auth["exec_from"] = str(self._exec_seq[0] + 1)
        elif again:
            auth["logs"] = [{"log": log, "exec_from": str(self._exec_seq[log] + 1)} for log in range(self.logs)]
        await socket.send(json.dumps(auth))
        reply = json.loads(await socket.recv())
        if reply["op"] != "auth_ok":
            raise RemoteError(reply)
        self.account = int(reply["account"])
        told = {int(one["log"]): one for one in reply.get("logs", [])}
        heads = {}
        for log in range(self.logs):
            of_log = {**reply, **told.get(log, {})}
            self._client_seq[log] = max(self._client_seq[log], int(of_log["next_client_seq"]) - 1)
            heads[log] = int(of_log["exec_head"])
        if not again:
            self._exec_seq.update(heads)
            return
        self.reconnects += 1
        while any(self._exec_seq[log] < head for log, head in heads.items()):  # what has happened meanwhile, before anything is sent again
            message = json.loads(await socket.recv())
            if message.get("op") == "error" and message.get("code") == 4001:  # the log no longer has them
                log = int(message.get("log", 0))
                self._exec_seq[log] = max(self._exec_seq[log], heads[log])
                continue
            self._on_message(message)
        for request in list(self._pending.values()):
            request.is_repeated = True
            await socket.send(json.dumps(request.message))
        for question in self._questions.values():
            if not question.done():
                question.set_exception(BourseError("the connection was lost before the answer; ask again"))
        self._questions.clear()

    def _on_message(self, message: dict[str, Any]) -> None:
        if message["op"] == "exec":
            report = Report.of(message)
            if report.exec_seq <= self._exec_seq[report.log]:
                return
            self._exec_seq[report.log] = report.exec_seq
            order = self.orders.get(report.key)
            if order is not None:
                order.take(report)
            for key, request in list(self._pending.items()):
                if request.is_answer(report) and not (request.is_repeated and message.get("duplicate")):
                    if order is None and request.message["op"] == "order" and report.order_id:
                        self._remember(report)
                    del self._pending[key]
                    if not request.answer.done():
                        request.answer.set_result(report)
            self._reports.put_nowait(report)
            for listener in self._listeners:
                listener(report)
        elif message["op"] == "outcome":
            self._on_outcome(message)
        elif message["op"] in ("order_status", "open_orders"):
            asked = self._questions.pop(str(message.get("id")), None)
            if asked is not None and not asked.done():
                asked.set_result(message)
        elif message["op"] == "error":
            question = self._questions.pop(str(message.get("id")), None)
            if question is not None and not question.done():
                question.set_exception(RemoteError(message))
            refused = self._pending.pop(str(message.get("id")), None)
            if refused is not None and not refused.answer.done():
                refused.answer.set_exception(Rejected(int(message["code"]), message.get("name", ""),
                                                      message.get("msg", ""), message, False))

    def _on_outcome(self, message: dict[str, Any]) -> None:
        """What a request that was sent again had caused when it was sent first. The reports themselves come, or came, by the stream."""
        request = self._pending.pop(str(message.get("id")), None)
        if request is None or request.answer.done():
            return
        reports = [Report.of(raw) for raw in message["reports"]]
        decided = next((r for r in reports if request.is_answer(r)), None)
        if decided is None:
            request.answer.set_exception(BourseError(f"client_seq {message.get('client_seq')}: the exchange tells no decision about it"))
            return
        if request.message["op"] == "order" and decided.order_id and decided.key not in self.orders:
            self._remember(decided)
            for report in reports:
                if report.order_id == decided.order_id and report.exec_seq > decided.exec_seq:
                    self.orders[decided.key].take(report)
        request.answer.set_result(decided)

    def _remember(self, report: Report) -> None:
        raw = report.raw
        order = Order(report.symbol, raw.get("side", ""), report.order_id, report.client_seq,
                      Decimal(raw["price"]) if "price" in raw else None, Decimal(raw.get("qty", "0")), log=report.log)
        order.take(report)
        self.orders[report.key] = order

    def _log_of(self, message: dict[str, Any]) -> int:
        """The log that a request goes to: that of its symbol, or the one it names."""
        instrument = self.instruments.get(message.get("symbol", ""))
        return int(message["log"]) if instrument is None and "log" in message else (instrument.id - 1) % self.logs if instrument else 0

    async def request(self, message: dict[str, Any], is_answer: Callable[[Report], bool] | None = None) -> Report:
        """Sends it with the next client_seq and waits for the report that answers it."""
        log = self._log_of(message)
        self._client_seq[log] += 1
        number = self._client_seq[log]
        key = str(number) if log == 0 else f"{log}/{number}"
        message = {**message, "id": key, "client_seq": str(number)}

        def answers(report: Report) -> bool:
            if report.log != log:
                return False
            if report.client_seq == number and report.type in ("accepted", "replaced", "rejected", "cancel_rejected"):
                return True
            return is_answer is not None and is_answer(report)

        if self._failure is not None:
            raise self._failure
        request = _Request(message, answers, asyncio.get_running_loop().create_future())
        self._pending[key] = request
        if self._socket is not None:
            try:
                await self._socket.send(json.dumps(message))
            except websockets_module().WebSocketException:
                pass  # sent again when the session is back
        try:
            report = await asyncio.wait_for(request.answer, self._timeout)
        finally:
            self._pending.pop(key, None)
        if report.type in ("rejected", "cancel_rejected"):
            raise _rejection(report)
        return report

    def _instrument(self, symbol: str) -> Instrument:
        if symbol not in self.instruments:
            raise UnknownSymbol(symbol, list(self.instruments))
        return self.instruments[symbol]

    async def order(self, symbol: str, side: str, size: Number | None = None, *, lots: int | None = None, price: Number | None = None,
                    ticks: int | None = None, **fields: Any) -> Order:
        """`size` in the base currency or `lots`; `price` in the quote currency or `ticks`; without either a market order. Other fields as
        in docs/PROTOCOL.md: tif, post_only, stop_px, type, ... Returns when it is accepted, raises Rejected when it is not."""
        if (size is None) == (lots is None):
            raise ValueError("an order has either `size` or `lots`")
        if price is not None and ticks is not None:
            raise ValueError("an order has either `price` or `ticks`, or neither (market)")
        message: dict[str, Any] = {"op": "order", "symbol": symbol, "side": side, **fields}
        message["qty"] = str(size) if lots is None else f"{self._instrument(symbol).size_decimal(lots):f}"
        if ticks is not None:
            message["px"] = f"{self._instrument(symbol).decimal(ticks):f}"
        elif price is not None:
            message["px"] = str(price)
        message.setdefault("type", "limit" if "px" in message else "market")
        report = await self.request(message)
        return self.orders[report.key]

    async def buy(self, symbol: str, size: Number | None = None, **fields: Any) -> Order:
        return await self.order(symbol, "buy", size, **fields)

    async def sell(self, symbol: str, size: Number | None = None, **fields: Any) -> Order:
        return await self.order(symbol, "sell", size, **fields)

    @staticmethod
    def _named(order: Order | int) -> dict[str, Any]:
        """An order, or the key of one."""
        key = order if isinstance(order, int) else order_key(order.order_id, order.log)
        number, log = key & ((1 << 56) - 1), key >> 56
        return {"order_id": str(number), **({"log": log} if log else {})}

    async def cancel(self, order: Order | int) -> Report:
        """Rejected with 5009 if it is gone already."""
        named = self._of_some_log(self._named(order))
        number = int(named["order_id"])
        return await self.request({"op": "cancel", **named}, lambda r: r.order_id == number and r.type == "canceled")

    async def amend(self, order: Order, price: Number | None = None, size: Number | None = None, **fields: Any) -> Report:
        message: dict[str, Any] = {"op": "amend", "symbol": order.symbol, "order_id": str(order.order_id), **fields}
        message["px"] = str(price if price is not None else order.price)
        message["qty"] = str(size if size is not None else order.leaves)
        return await self.request(message, lambda r: r.order_id == order.order_id and r.type == "replaced")

    def _of_some_log(self, message: dict[str, Any]) -> dict[str, Any]:
        return message if self.logs == 1 else {"log": 0, **message}

    async def cancel_all(self, symbol: str | None = None) -> Report:
        """In all logs, one after the other; the report is the last one's."""
        return await self._in_each_log({"op": "mass_cancel", **({"symbol": symbol} if symbol else {})})

    async def _in_each_log(self, message: dict[str, Any]) -> Report:
        if self.logs == 1 or "symbol" in message:
            return await self.request(message)
        return [await self.request({**message, "log": log}) for log in range(self.logs)][-1]

    async def cancel_after(self, ms: int) -> Report:
        """The dead-man timer: everything is cancelled unless this is called again within `ms`; 0 disarms."""
        return await self._in_each_log({"op": "cancel_after", "ms": ms})

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """A question that is not sequenced: order_status, open_orders. RemoteError if the server cannot answer it."""
        if self._failure is not None:
            raise self._failure
        number = f"q{next(self._question_numbers)}"
        answer = self._questions[number] = asyncio.get_running_loop().create_future()
        if self._socket is None:
            raise BourseError("not connected at the moment; ask again")
        await self._socket.send(json.dumps({**message, "id": number}))
        return await asyncio.wait_for(answer, self._timeout)

    async def open_orders(self, symbol: str | None = None) -> list[Order]:
        """All open orders of the account, newest first, whoever sent them."""
        if symbol or self.logs == 1:
            return await self._open_orders({"symbol": symbol} if symbol else {}, self._log_of({"symbol": symbol or ""}))
        return [order for log in range(self.logs) for order in await self._open_orders({"log": log}, log)]

    async def _open_orders(self, below: dict[str, Any], log: int) -> list[Order]:
        found: list[Order] = []
        while True:
            page = await self.ask({"op": "open_orders", **below})
            for raw in page["orders"]:
                found.append(Order(raw.get("symbol", ""), raw.get("side", ""), int(raw["order_id"]), int(raw.get("client_seq", 0)),
                                   Decimal(raw["price"]) if "price" in raw else None, Decimal(raw.get("qty", "0")), raw.get("status", "open"),
                                   Decimal(raw.get("cum_qty", "0")), Decimal(raw.get("leaves_qty", "0")), log=log))
            if "next_below" not in page:
                return found
            below["below_order_id"] = page["next_below"]

    async def order_status(self, order: Order | int) -> dict[str, Any]:
        """{"open", "order" or "report"}, as docs/PROTOCOL.md tells."""
        return await self.ask({"op": "order_status", **self._of_some_log(self._named(order))})

    async def next_report(self) -> Report:
        return await self._reports.get()

    def on_report(self, listener: Callable[[Report], object]) -> None:
        self._listeners.append(listener)


def _instrument(i: dict[str, Any]) -> Instrument:
    exponent = int(i["qty_exponent"])
    units = {n: int(Decimal(i[n]).scaleb(-exponent)) for n in ("lot_size", "min_qty", "max_qty")}
    return Instrument(id=int(i["instrument_id"]), symbol=i["symbol"], base=i.get("base", ""), quote=i.get("quote", ""),
                      tick_size_e9=int(Decimal(i["tick_size"]).scaleb(9)), lot_size=units["lot_size"], qty_exponent=exponent,
                      min_qty=units["min_qty"], max_qty=units["max_qty"], seq=int(i.get("seq", 0)))


class Trader(WithoutAwait[AsyncTrader]):
    """The same without `await`: `with bourse.connect(url, insecure=True) as x: order = x.buy("BTC-USD", 0.5, price="60000.01")`."""

    def __init__(self, url: str, key: str = DEMO_KEY, secret: bytes | str = DEMO_SECRET, **options: Any) -> None:
        super().__init__("bourse-trader", lambda: AsyncTrader(url, key, secret, **options))

    @property
    def instruments(self) -> dict[str, Instrument]:
        return self._on_loop.instruments

    @property
    def orders(self) -> dict[int, Order]:
        return self._on_loop.orders

    @property
    def account(self) -> int:
        return self._on_loop.account

    def order(self, symbol: str, side: str, size: Number | None = None, **fields: Any) -> Order:
        return self._thread.call(self._on_loop.order(symbol, side, size, **fields))

    def buy(self, symbol: str, size: Number | None = None, **fields: Any) -> Order:
        return self.order(symbol, "buy", size, **fields)

    def sell(self, symbol: str, size: Number | None = None, **fields: Any) -> Order:
        return self.order(symbol, "sell", size, **fields)

    def cancel(self, order: Order | int) -> Report:
        return self._thread.call(self._on_loop.cancel(order))

    def amend(self, order: Order, price: Number | None = None, size: Number | None = None, **fields: Any) -> Report:
        return self._thread.call(self._on_loop.amend(order, price, size, **fields))

    def cancel_all(self, symbol: str | None = None) -> Report:
        return self._thread.call(self._on_loop.cancel_all(symbol))

    def cancel_after(self, ms: int) -> Report:
        return self._thread.call(self._on_loop.cancel_after(ms))

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        return self._thread.call(self._on_loop.open_orders(symbol))

    def order_status(self, order: Order | int) -> dict[str, Any]:
        return self._thread.call(self._on_loop.order_status(order))

    def reports(self, seconds: float) -> Iterator[Report]:
        """As they come, until none has come for so long."""
        return self._reports(seconds)


def connect(url: str, key: str = DEMO_KEY, secret: bytes | str = DEMO_SECRET, **options: Any) -> Trader:
    return Trader(url, key, secret, **options)
