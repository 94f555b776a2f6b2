"""Reports of other accounts, read only, for risk desks and back offices: `DropCopy` to iterate, `AsyncDropCopy` with a loop.

A lost connection is not an error: the session comes back and reads what it has missed, so that every report of every account comes
once and in its order (docs/PYTHON.md; docs/PROTOCOL.md, section 6, Drop copies)."""
from __future__ import annotations

import asyncio
import json
import random
from typing import Any, AsyncIterator, Iterable, Iterator

from .connection import BACKOFF_S, MESSAGE_BYTES_MAX, WithoutAwait, base_url, proof, tls, websockets_module
from .errors import BourseError, GapError, RemoteError
from .orders import Report


class AsyncDropCopy:
    """`async with AsyncDropCopy(url, key, secret) as copy: async for account, report in copy: ...`

    `accounts`: whose, by default all that the key names. `start`: exec_seq of the first report wanted, 1 for all that the log has, or
    {account: exec_seq}; left out: from now on. Of several logs each numbers reports by itself, and `start` is meant for each."""

    def __init__(self, url: str, key: str, secret: bytes | str, accounts: Iterable[int] | None = None,
                 start: int | dict[int, int] | None = None, *, insecure: bool = False, ca: str | None = None, reconnect: bool = True,
                 timeout: float = 30.0) -> None:
        self.url = base_url(url)
        self.reconnects = 0
        self._key, self._secret = key, secret.encode() if isinstance(secret, str) else secret
        self._wanted = None if accounts is None else list(accounts)
        self._start = start
        self._logs = 1
        self._last: dict[tuple[int, int], int] = {}  # exec_seq of the last report of each account in each log
        self._tls = tls(insecure, ca) if self.url.startswith("wss") else None
        self._reconnect, self._timeout = reconnect, timeout
        self._found: asyncio.Queue[tuple[int, Report] | BaseException] = asyncio.Queue()
        self._is_ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def accounts(self) -> list[int]:
        return list(dict.fromkeys(account for account, _ in self._last))

    async def __aenter__(self) -> AsyncDropCopy:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._run())
        ready = loop.create_task(self._is_ready.wait())
        await asyncio.wait({self._task, ready}, timeout=self._timeout, return_when=asyncio.FIRST_COMPLETED)
        if self._is_ready.is_set():
            return
        ready.cancel()
        self._task.cancel()
        if not self._found.empty() and isinstance(error := self._found.get_nowait(), BaseException):
            raise error
        raise BourseError(f"{self.url}/v1/dropcopy: no answer within {self._timeout} s")

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def next_report(self) -> tuple[int, Report]:
        """The account, and its next report."""
        found = await self._found.get()
        if isinstance(found, BaseException):
            self._found.put_nowait(found)  # for whoever asks next
            raise found
        return found

    async def __aiter__(self) -> AsyncIterator[tuple[int, Report]]:
        while True:
            yield await self.next_report()

    async def _run(self) -> None:
        websockets = websockets_module()
        attempts = 0
        while True:
            try:
                async with websockets.connect(self.url + "/v1/dropcopy", ssl=self._tls, max_size=MESSAGE_BYTES_MAX, close_timeout=1,
                                              subprotocols=["bourse.json.v1"]) as socket:
                    await self._log_on(socket)
                    attempts = 0
                    self._is_ready.set()
                    async for message in socket:
                        self._on_message(json.loads(message))
                reason = f"closed with {socket.close_code}"
            except BourseError as error:
                return self._found.put_nowait(error)
            except websockets.InvalidStatusCode as error:
                return self._found.put_nowait(BourseError(f"{self.url}/v1/dropcopy: refused with HTTP {error.status_code}"))
            except (OSError, websockets.WebSocketException, asyncio.TimeoutError) as error:
                reason = str(error) or type(error).__name__
            if not self._reconnect or (not self._is_ready.is_set() and attempts >= 3):
                return self._found.put_nowait(BourseError(f"{self.url}/v1/dropcopy: {reason}"))
            await asyncio.sleep(BACKOFF_S[min(attempts, len(BACKOFF_S) - 1)] * random.uniform(0.5, 1.0))
            attempts += 1

    async def _log_on(self, socket: Any) -> None:
        hello = json.loads(await socket.recv())
        self._logs = max(1, len(hello.get("logs", [])))
        await socket.send(json.dumps({"op": "auth", "id": "auth", "key": self._key,
                                      **proof(self._secret, f"{hello['nonce']}|{hello['session']}")}))
        reply = json.loads(await socket.recv())
        if reply["op"] != "auth_ok":
            raise RemoteError(reply)
        if self._wanted is None:
            if "*" in reply["accounts"]:
                raise ValueError("the key may watch every account: name those that you want in `accounts`")
            self._wanted = [int(a) for a in reply["accounts"]]
        self.reconnects += self._is_ready.is_set()
        for account in self._wanted:
            await self._subscribe(socket, account)

    async def _subscribe(self, socket: Any, account: int) -> None:
        request: dict[str, Any] = {"op": "subscribe", "id": f"a{account}", "account": account}
        start = self._start.get(account) if isinstance(self._start, dict) else self._start
        first = {log: self._last[account, log] + 1 if (account, log) in self._last else start for log in range(self._logs)}
        if first[0] is not None and self._logs == 1:
            request["from_exec_seq"] = str(first[0])
        elif first[0] is not None:
            request["logs"] = [{"log": log, "from_exec_seq": str(number)} for log, number in first.items()]
        await socket.send(json.dumps(request))
        while True:  # reports of those that are subscribed already come meanwhile
            reply = json.loads(await socket.recv())
            if reply.get("id") != request["id"]:
                self._on_message(reply)
                continue
            if reply["op"] == "error":
                raise RemoteError(reply)
            heads = {int(one["log"]): one.get("exec_head") for one in reply.get("logs", [])}
            for log, number in first.items():
                head = int(heads.get(log) or reply["exec_head"])
                self._last.setdefault((account, log), head if number is None else number - 1)
            return

    def _on_message(self, message: dict[str, Any]) -> None:
        if message["op"] == "error":
            raise RemoteError(message)
        if message["op"] != "exec":
            return
        account, report = int(message["account_id"]), Report.of(message)
        last = self._last.get((account, report.log), 0)
        if report.exec_seq <= last:
            return
        if report.exec_seq != last + 1:
            raise GapError(f"reports of account {account}", last + 1, report.exec_seq)
        self._last[account, report.log] = report.exec_seq
        self._found.put_nowait((account, report))


class DropCopy(WithoutAwait[AsyncDropCopy]):
    """The same without `await`: `with bourse.DropCopy(url, key, secret) as copy: for account, report in copy: ...`"""

    def __init__(self, url: str, key: str, secret: bytes | str, accounts: Iterable[int] | None = None,
                 start: int | dict[int, int] | None = None, **options: Any) -> None:
        super().__init__("bourse-dropcopy", lambda: AsyncDropCopy(url, key, secret, accounts, start, **options))

    @property
    def accounts(self) -> list[int]:
        return self._on_loop.accounts

    @property
    def reconnects(self) -> int:
        return self._on_loop.reconnects

    def __iter__(self) -> Iterator[tuple[int, Report]]:
        while True:
            yield self._thread.call(self._on_loop.next_report())

    def reports(self, seconds: float) -> Iterator[tuple[int, Report]]:
        """As they come, until none has come for so long."""
        return self._reports(seconds)
