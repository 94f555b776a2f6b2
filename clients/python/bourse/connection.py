"""How a connection is made: TLS, addresses, the module websockets; and a thread with a loop for those who have none."""
from __future__ import annotations

import asyncio
import base64
import concurrent.futures
import hashlib
import hmac
import json
import ssl
import threading
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Callable, Coroutine, Generic, Iterator, Protocol, Self, TypeVar

from .errors import BourseError

T = TypeVar("T")
MESSAGE_BYTES_MAX = 2**20
BACKOFF_S = (0.0, 0.1, 0.4, 1.0, 3.0, 10.0, 30.0)


def websockets_module() -> Any:
    try:
        import websockets
    except ImportError:
        raise BourseError("live data and orders need the Python module websockets: apt install python3-websockets or "
                          "pip install websockets") from None
    return websockets


def tls(insecure: bool, ca: str | None) -> ssl.SSLContext:
    """`ca`: a file with the authority of the server. `insecure` takes any certificate: for the demo on this machine."""
    context = ssl.create_default_context(cafile=ca)
    if insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def base_url(url: str) -> str:
    """wss://HOST:PORT of an address with any path."""
    parts = urllib.parse.urlsplit(url if "://" in url else f"wss://{url}")
    if parts.scheme not in ("wss", "https", "ws") or not parts.netloc:
        raise ValueError(f"{url!r} is no address of an exchange: wss://HOST:PORT")
    return f"{'ws' if parts.scheme == 'ws' else 'wss'}://{parts.netloc}"


def get(url: str, path: str, context: ssl.SSLContext) -> Any:
    """JSON of an HTTP path of the same port."""
    address = base_url(url).replace("ws", "http", 1) + path
    try:
        with urllib.request.urlopen(address, context=context, timeout=10) as answer:
            return json.load(answer)
    except (urllib.error.URLError, OSError) as error:
        raise BourseError(f"{address}: {error}; is the exchange running there? `insecure=True` takes the demo's own certificate") from None


def proof(secret: bytes, text: str) -> dict[str, str]:
    """`alg` and `sig` of an auth over nonce|session: HMAC with a secret; Ed25519 with a private key as PEM."""
    if not secret.startswith(b"-----BEGIN"):
        algorithm, signature = "hmac-sha256", hmac.new(secret, text.encode(), hashlib.sha256).digest()
    else:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        private: Any = load_pem_private_key(secret, None)
        algorithm, signature = "ed25519", private.sign(text.encode())
    return {"alg": algorithm, "sig": base64.b64encode(signature).decode()}


class LoopThread:
    """Notebooks and scripts call; the loop has its own thread."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def call(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result(timeout)
        except (concurrent.futures.TimeoutError, KeyboardInterrupt):
            future.cancel()
            raise

    def stop(self) -> None:
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(5)
        if not self.loop.is_running() and not self.loop.is_closed():
            self.loop.close()


R = TypeVar("R", covariant=True)


class Reporting(Protocol[R]):
    """What has a loop, and reports that come."""
    async def open(self) -> None: ...
    async def aclose(self) -> None: ...
    async def next_report(self) -> R: ...


C = TypeVar("C", bound=Reporting[Any])


class WithoutAwait(Generic[C]):
    """One that reports, opened on a thread of its own, for `with` and plain calls."""

    def __init__(self, name: str, make: Callable[[], C]) -> None:
        self._thread = LoopThread(name)

        async def opened() -> C:
            one = make()
            await one.open()
            return one

        try:
            self._on_loop = self._thread.call(opened())
        except BaseException:
            self._thread.stop()
            raise

    def _reports(self, seconds: float) -> Iterator[Any]:
        while True:
            try:
                yield self._thread.call(asyncio.wait_for(self._on_loop.next_report(), seconds))
            except asyncio.TimeoutError:
                return

    def close(self) -> None:
        self._thread.call(self._on_loop.aclose())
        self._thread.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
