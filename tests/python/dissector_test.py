#!/usr/bin/python3
"""clients/wireshark/bourse.lua under tshark: every field of every golden frame as the Python package reads it, and a conversation with the
real exchange, captured by a proxy and decrypted with the client's own key log."""
import asyncio
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

from package import GOLDEN, ROOT

if not shutil.which("tshark"):
    print("skipped: needs tshark")
    sys.exit(77)
try:
    import websockets
except ImportError:
    print("skipped: needs python3-websockets")
    sys.exit(77)

from exchange_process import ExchangeProcess
from raw_websocket import BINARY, TEXT, frame as websocket_frame

from bourse import records
from bourse.frames import Frame
from frame_maker import frame_of

SCRIPT = ROOT / "clients" / "wireshark" / "bourse.lua"
PORT = 9443


class Capture:
    """A pcap file of one TCP connection: (is it from the server, bytes), in order."""

    def __init__(self):
        self.packets = []
        self.sequence = {False: 1000, True: 2000}
        self.segment(False, b"", 0x02)
        self.segment(True, b"", 0x12)
        self.segment(False, b"", 0x10)

    def segment(self, from_server, data, flags=0x18):
        source, target = (PORT, 40000) if from_server else (40000, PORT)
        tcp = struct.pack(">HHIIBBHHH", source, target, self.sequence[from_server], self.sequence[not from_server], 5 << 4, flags, 65535, 0, 0)
        addresses = bytes([127, 0, 0, 1, 127, 0, 0, 2])
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(data), 0, 0, 64, 6, 0) + (addresses[4:] + addresses[:4] if from_server else addresses)
        self.packets.append(ip + tcp + data)
        self.sequence[from_server] += len(data) + (1 if flags & 0x02 else 0)

    def add(self, from_server, data):
        for begin in range(0, len(data), 16000):
            self.segment(from_server, data[begin:begin + 16000])

    def write(self, path):
        with open(path, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))  # raw IP
            for i, packet in enumerate(self.packets):
                file.write(struct.pack("<IIII", 1_700_000_000, i, len(packet), len(packet)) + packet)


def tshark(path, *arguments):
    done = subprocess.run(["tshark", "-n", "-r", path, "-X", f"lua_script:{SCRIPT}", *arguments], text=True, capture_output=True, timeout=120)
    errors = "\n".join(line for line in done.stderr.splitlines() if "Running as user" not in line)
    if done.returncode or "Lua" in errors:
        raise AssertionError(errors)
    return done.stdout


def fields(path, *names, arguments=(), only="bourse"):
    """Per packet a dict of lists."""
    wanted = [part for name in names for part in ("-e", name)]
    out = tshark(path, "-Y", only, "-T", "fields", "-E", "separator=;", "-E", "aggregator= ", *wanted, *arguments)
    return [dict(zip(names, (cell.split(" ") if cell else [] for cell in line.split(";")))) for line in out.splitlines()]


def plain(*messages):
    """A websocket without TLS: the upgrade, then messages (opcode, bytes) of the server."""
    capture = Capture()
    capture.add(False, b"GET /v1/md HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: bourse.fb.v1\r\n\r\n")
    capture.add(True, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: bourse.fb.v1\r\n\r\n")
    for from_server, opcode, data in messages:
        capture.add(from_server, websocket_frame(opcode, data, mask=not from_server))
    return capture


class GoldenFrames(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="bourse-tshark-")
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "x.pcap")

    def dissected(self, data, names, from_server=True):
        plain((from_server, BINARY, data)).write(self.path)
        found = fields(self.path, *names, arguments=("-d", f"tcp.port=={PORT},http"))
        self.assertEqual(len(found), 1, "one packet with a message of ours")
        return found[0]

    @staticmethod
    def told(value):
        """As tshark tells a number or a letter."""
        return value.decode() if isinstance(value, bytes) else str(value)

    def assert_rows(self, group, data, rows):
        header = [f"bourse.header.{n}" for n in records.HEADER.names]
        found = self.dissected(data, [f"bourse.{group}.{n}" for n in rows.dtype.names] + header)
        frame = Frame(data)
        self.assertEqual([found[n] for n in header], [[str(int(getattr(frame, n)))] for n in records.HEADER.names])
        for name in rows.dtype.names:
            expected = [self.told(v) for v in rows[name].tolist()]
            if name in ("book_hash", "crc32c_top10"):
                expected = [f"0x{int(v):0{2 * rows.dtype[name].itemsize}x}" for v in rows[name].tolist()]
            self.assertEqual(found[f"bourse.{group}.{name}"], [e for e in expected if e], f"{group}.{name}")

    def test_the_header_and_every_row_of_the_golden_frames(self):
        for name, group in (("mbo_1", "mbo"), ("mbo_2", "mbo"), ("bbo", "bbo"), ("trade", "trade"), ("status", "status"), ("imbalance", "imbalance"),
                            ("exec", "exec")):
            with self.subTest(name):
                data = (GOLDEN / f"frame_{name}.bin").read_bytes()
                self.assert_rows(group, data, Frame(data).rows)

    def test_channels_that_have_no_golden_frame(self):
        for group, dtype in (("level", records.LEVEL), ("bar", records.BAR), ("stat", records.STAT), ("check", records.CHECK)):
            with self.subTest(group):
                rows = records.np.frombuffer(bytes(65 + i % 23 for i in range(2 * dtype.itemsize)), dtype)
                channel = next(c for c, t in records.ROW_TYPES.items() if t == dtype)
                self.assert_rows(group, frame_of(channel, rows, 1, 2, 3), rows)

    def test_a_definition_and_system_frames(self):
        data = (GOLDEN / "frame_definition.bin").read_bytes()
        found = self.dissected(data, ["bourse.definition.symbol", "bourse.definition.tick_size"])
        self.assertEqual(found["bourse.definition.symbol"], ["ETH-USD"])
        self.assertEqual(found["bourse.definition.tick_size"], [str(Frame(data).definitions[0].tick_size_e9)])
        data = (GOLDEN / "frame_system.bin").read_bytes()
        found = self.dissected(data, ["bourse.system.code", "bourse.system.journal_seq", "bourse.position.last_seq"])
        self.assertEqual(found["bourse.system.code"], ["3"])
        self.assertEqual(found["bourse.position.last_seq"], [str(s) for s in Frame(data).system.positions["last_seq"]])
        heartbeat = self.dissected((GOLDEN / "frame_heartbeat.bin").read_bytes(), ["bourse.system.code"])
        self.assertEqual(heartbeat["bourse.system.code"], ["0"], "the default is told though it is not written")

    def test_an_order_request(self):
        data = (GOLDEN / "order_request.bin").read_bytes()
        found = self.dissected(data, ["bourse.order.client_seq", "bourse.order.op", "bourse.order.cl_ord_id"], from_server=False)
        self.assertEqual(len(found["bourse.order.client_seq"]), 1)
        self.assertEqual(found["bourse.order.op"], ["1"])

    def test_a_cut_frame_is_marked_as_malformed(self):
        data = (GOLDEN / "frame_mbo_2.bin").read_bytes()
        sizes = range(8, len(data), 8)
        plain(*((True, BINARY, data[:size]) for size in sizes)).write(self.path)
        found = fields(self.path, "_ws.col.Info", arguments=("-d", f"tcp.port=={PORT},http"))
        self.assertEqual(len(found), len(sizes))
        for size, packet in zip(sizes, found):
            self.assertIn("malformed", " ".join(packet["_ws.col.Info"]), size)

    def test_prices_and_times_are_shown_for_people_too(self):
        rows = records.np.zeros(1, records.MBO)
        rows["price"], rows["ts_event"], rows["flags"] = 60000_010000000, 1732579200_000000001, 5
        plain((True, BINARY, frame_of(1, rows, flags=33))).write(self.path)
        text = tshark(self.path, "-d", f"tcp.port=={PORT},http", "-V")
        for shown in ("(60000.01)", "2024-11-26T00:00:00.000000001Z", "LAST|PRIORITY_KEPT", "SNAPSHOT|FLUSH_LAST"):
            self.assertIn(shown, text)

    def test_control_is_shown_by_its_op(self):
        plain((True, TEXT, b'{"op":"hello","proto":1}')).write(self.path)
        text = tshark(self.path, "-d", f"tcp.port=={PORT},http")
        self.assertIn("hello", text)


class TheRealExchange(unittest.TestCase):
    def test_a_tls_conversation_is_decrypted_and_shows_what_the_client_had(self):
        with ExchangeProcess() as x, tempfile.TemporaryDirectory(prefix="bourse-tshark-") as folder:
            keys, path = os.path.join(folder, "keys.log"), os.path.join(folder, "x.pcap")
            capture, lock = Capture(), threading.Lock()
            listener = socket.create_server(("127.0.0.1", 0))
            self.addCleanup(listener.close)
            host, port = x.url.removeprefix("wss://").split(":")

            def carry(source, target, from_server):
                while True:
                    try:
                        data = source.recv(65536)
                    except OSError:
                        return
                    if not data:
                        return
                    with lock:
                        capture.add(from_server, data)
                    try:
                        target.sendall(data)
                    except OSError:
                        return

            def proxy():
                client, _ = listener.accept()
                with client, socket.create_connection((host, int(port))) as server:
                    up = threading.Thread(target=carry, args=(client, server, False), daemon=True)
                    up.start()
                    carry(server, client, True)
                    client.shutdown(socket.SHUT_RDWR)
                    up.join()

            between = threading.Thread(target=proxy, daemon=True)
            between.start()
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.keylog_filename = keys

            async def talk():
                had = []
                address = f"wss://127.0.0.1:{listener.getsockname()[1]}/v1/md"
                async with websockets.connect(address, ssl=context, subprotocols=["bourse.fb.v1"], max_size=2**20) as ws:
                    await ws.send(json.dumps({"op": "subscribe", "subs": [{"channel": "mbo", "symbols": ["BTC-USD"], "snapshot": True}]}))
                    while len(had) < 20:
                        message = await ws.recv()
                        if isinstance(message, bytes) and Frame(message).channel == 1:
                            had.append(Frame(message))
                return had

            had = asyncio.run(asyncio.wait_for(talk(), 60))
            between.join(20)
            with lock:
                capture.write(path)
            found = fields(path, "bourse.mbo.order_id", "bourse.mbo.price", "bourse.header.last_seq", "bourse.definition.symbol",
                           arguments=("-o", f"tls.keylog_file:{keys}"))
            prices = [p for packet in found for p in packet["bourse.mbo.price"]]
            ours = [str(p) for frame in had for p in frame.rows["price"].tolist()]
            self.assertEqual(prices[:len(ours)], ours)
            self.assertIn("BTC-USD", [s for packet in found for s in packet["bourse.definition.symbol"]])


if __name__ == "__main__":
    unittest.main()
