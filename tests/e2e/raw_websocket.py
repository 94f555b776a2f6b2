"""A websocket by hand: every bit of every frame can be chosen, also the wrong ones."""
import base64
import hashlib
import os
import socket
import ssl
import struct

from exchange_process import tls

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SECONDS_MAX = 20


def frame(opcode, payload=b"", fin=True, rsv=0, mask=True, form=None):
    """`form`: bytes of the length, 1, 2 or 8, instead of the shortest."""
    size = len(payload)
    form = form or (1 if size < 126 else 2 if size < 65536 else 8)
    length = {1: size, 2: 126, 8: 127}[form]
    head = bytes([fin << 7 | rsv << 4 | opcode, mask << 7 | length])
    head += {1: b"", 2: struct.pack(">H", size & 0xFFFF), 8: struct.pack(">Q", size)}[form]
    if not mask:
        return head + payload
    key = os.urandom(4)
    keys = (key * (size // 4 + 1))[:size]
    masked = (int.from_bytes(payload, "big") ^ int.from_bytes(keys, "big")).to_bytes(size, "big") if size else b""
    return head + key + masked


def close(code, reason=b"", **options):
    return frame(CLOSE, struct.pack(">H", code) + reason, **options)


class RawWebsocket:
    """`request` headers replace or remove (None) those of a right request; the answer's head is in `status` and `headers`."""

    def __init__(self, url, path, method="GET", version="HTTP/1.1", **headers):
        host, port = url.removeprefix("wss://").split(":")
        tcp = socket.create_connection((host, int(port)), timeout=SECONDS_MAX)
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = tls().wrap_socket(tcp, server_hostname=host)
        self.key = base64.b64encode(os.urandom(16)).decode()
        fields = {"Host": f"{host}:{port}", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": self.key,
                  "Sec-WebSocket-Version": "13"}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{method} {path} {version}", *(f"{name}: {value}" for name, value in fields.items() if value is not None)]
        self.buffer = b""
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n")
        head = self.until(b"\r\n\r\n").decode().split("\r\n")
        self.status = int(head[0].split()[1])
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}

    def accept(self):
        return base64.b64encode(hashlib.sha1((self.key + GUID).encode()).digest()).decode()

    def send(self, *parts):
        for part in parts:
            try:
                self.socket.sendall(part)
            except (ConnectionError, ssl.SSLError):  # it has hung up already: what it said before is there to be read
                return

    def more(self):
        try:
            part = self.socket.recv(65536)
        except (ConnectionError, ssl.SSLError):
            part = b""
        self.buffer += part
        return bool(part)

    def until(self, mark):
        while mark not in self.buffer:
            if not self.more():
                raise AssertionError(f"the server hung up after {self.buffer!r}")
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def take(self, count):
        while len(self.buffer) < count:
            if not self.more():
                return None
        part, self.buffer = self.buffer[:count], self.buffer[count:]
        return part

    def receive(self):
        """(fin, opcode, payload), or None at the end of the stream."""
        head = self.take(2)
        if head is None:
            return None
        if head[0] & 0x70 or head[1] & 0x80:
            raise AssertionError(f"a server's frame has no reserved bit and no mask: {head!r}")
        size = head[1] & 0x7F
        if size == 126:
            size, = struct.unpack(">H", self.take(2))
            if size < 126:
                raise AssertionError("a length that is not the shortest")
        elif size == 127:
            size, = struct.unpack(">Q", self.take(8))
            if size < 65536:
                raise AssertionError("a length that is not the shortest")
        return bool(head[0] & 0x80), head[0] & 0x0F, self.take(size)

    def message(self):
        """The next whole message, control frames passed over: (opcode, bytes)."""
        opcode, parts = None, b""
        while True:
            received = self.receive()
            if received is None:
                raise AssertionError("the stream has ended")
            fin, code, payload = received
            if code == CLOSE:
                raise AssertionError(f"closed: {payload!r}")
            if code >= 8:
                continue
            opcode = code if opcode is None else opcode
            parts += payload
            if fin:
                return opcode, parts

    def ending(self, answers_max=None):
        """(code, reason) of the close frame, after so many other frames at most; (1006, b"") if the stream ends without one."""
        others = 0
        while (received := self.receive()) is not None:
            _, opcode, payload = received
            if opcode == CLOSE:
                return (struct.unpack(">H", payload[:2])[0], payload[2:]) if payload else (1005, b"")
            others += 1
            if answers_max is not None and others > answers_max:
                raise AssertionError(f"not closed, but answered with {received}")
        return 1006, b""

    def has_ended(self):
        return self.receive() is None

    def leave(self):
        self.socket.close()
