#!/usr/bin/python3
"""Peers that mean no good, or are just broken, against the real server: they end by name, and a reader beside them
keeps its whole chain."""
import asyncio
import json
import os
import socket
import ssl
import struct
import threading
import time
import unittest
import urllib.request

import websockets
from exchange_process import ExchangeProcess, connect, tls, trader, wait_until
from subscribe import follow

SHORT = ("--durability", "memory", "--set", "feed.limits.handshake_ms=4000", "--set", "feed.limits.ping_ms=700",
         "--set", "feed.limits.dead_ms=2500", "--set", "feed.limits.no_progress_ms=2500",
         "--set", "feed.limits.first_request_ms=2000", "--set", "feed.limits.orders_per_second=20",
         "--set", "feed.limits.orders_burst=100")


def metric(url, name, label=""):
    with urllib.request.urlopen(url.replace("wss://", "https://") + "/metrics", context=tls(), timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name) and label in line)


def ended(url, reason):
    return metric(url, "bourse_sessions_ended_total", f'reason="{reason}"')


def plain(url):
    host, port = url.removeprefix("wss://").split(":")
    return socket.create_connection((host, int(port)), 20)


def secure(url, receive_bytes=None):
    host, port = url.removeprefix("wss://").split(":")
    raw = socket.socket()
    if receive_bytes:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    raw.connect((host, int(port)))
    return tls().wrap_socket(raw)


def upgraded(url, path="/v1/md", receive_bytes=None):
    """A raw websocket whose peer does nothing by itself. On a busy machine the deadline may strike it too: again."""
    for _ in range(9):
        try:
            return upgrade_once(url, path, receive_bytes)
        except OSError:
            pass
    return upgrade_once(url, path, receive_bytes)


def upgrade_once(url, path, receive_bytes):
    ws = secure(url, receive_bytes)
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    ws.sendall((f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
    got = b""
    while b"\r\n\r\n" not in got:
        byte = ws.recv(1)
        if not byte:
            raise ConnectionError("closed during the upgrade")
        got += byte
    return ws


def frame(payload, opcode=1, mask=b"\1\2\3\4"):
    length = len(payload)
    head = bytes([0x80 | opcode])
    head += bytes([0x80 | length]) if length < 126 else bytes([0x80 | 126]) + struct.pack(">H", length)
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


class Witness:
    """A reader beside the trouble, whose chain must stay whole (follow() raises at a gap)."""

    def __init__(self, url):
        self.url, self.events, self.error, self.stopping = url, 0, None, False
        self.thread = threading.Thread(target=lambda: asyncio.run(self.watch()))

    async def watch(self):
        try:
            async for _, _, _, rows in follow(self.url, ["BTC-USD"], ["mbo"]):
                self.events += len(rows)
                if self.stopping:
                    return
        except Exception as error:
            self.error = error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        before = self.events
        wait_until(lambda: self.events > before or self.error)
        self.stopping = True
        self.thread.join(30)


class Abuse(unittest.TestCase):
    def setUp(self):
        self.exchange = ExchangeProcess(*SHORT).start()
        self.url = self.exchange.url
        self.witness = Witness(self.url)
        self.witness.__enter__()
        self.assertTrue(wait_until(lambda: self.witness.events > 0 or self.witness.error))

    def tearDown(self):
        events = self.witness.events
        self.assertTrue(wait_until(lambda: self.witness.events > events), "the reader beside goes on")
        self.witness.__exit__()
        self.assertIsNone(self.witness.error)
        self.assertEqual(self.exchange.stop(), 0, "".join(self.exchange.output))
        self.exchange.__exit__()

    def test_handshakes_that_never_end_are_cut(self):
        silent = [plain(self.url) for _ in range(50)]
        halves = []
        for _ in range(50):
            half = plain(self.url)
            half.sendall(b"\x16\x03\x01\x02\x00\x01")  # the first bytes of a ClientHello
            halves.append(half)
        self.assertTrue(wait_until(lambda: ended(self.url, "handshake_timeout") >= 100))
        for peer in silent + halves:
            peer.close()

    def test_requests_that_trickle_are_cut(self):
        def trickle():
            peer = secure(self.url)
            try:
                for byte in b"GET / HTTP/1.1\r\nX-Slow: " + b"a" * 200:
                    peer.sendall(bytes([byte]))
                    time.sleep(0.05)
            except OSError:
                cut.append(True)
        cut = []
        threads = [threading.Thread(target=trickle) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(len(cut), 10)
        self.assertGreaterEqual(ended(self.url, "handshake_timeout"), 10)

    def test_headers_without_end_are_refused(self):
        peer = secure(self.url)
        peer.sendall(b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"a" * 100) for i in range(100)))
        self.assertIn(b" 431 ", peer.recv(4096))
        peer.close()

    def test_websockets_that_ask_for_nothing_are_closed(self):
        async def idle(path):
            async with websockets.connect(self.url + path, ssl=tls()) as ws:
                try:
                    while True:
                        await asyncio.wait_for(ws.recv(), 20)
                except websockets.ConnectionClosed:
                    return ws.close_code
        self.assertEqual(asyncio.run(idle("/v1/md")), 1008)
        self.assertEqual(asyncio.run(idle("/v1/trade")), 4001)
        self.assertEqual(asyncio.run(idle("/v1/dropcopy")), 4001)

    def test_a_peer_that_answers_no_ping_is_dead(self):
        peer = upgraded(self.url)
        peer.sendall(frame(json.dumps({"op": "subscribe", "subs": [
            {"channel": "imbalance", "symbols": ["BTC-USD"]}]}).encode()))
        self.assertTrue(wait_until(lambda: ended(self.url, "dead") >= 1))
        peer.close()

    def test_a_peer_that_takes_nothing_is_cut_and_others_are_not_slowed(self):
        stuck = []
        for _ in range(5):
            peer = upgraded(self.url, receive_bytes=2048)
            peer.sendall(frame(json.dumps({"op": "subscribe", "subs": [
                {"channel": "mbo", "symbols": ["*"], "start": "earliest"},
                {"channel": "trade", "symbols": ["*"], "start": "earliest"}]}).encode()))
            stuck.append(peer)
        self.assertTrue(wait_until(lambda: ended(self.url, "no_progress") + ended(self.url, "dead") >= 5, 60))
        for peer in stuck:
            peer.close()

    def test_a_flood_of_requests_is_told_to_slow_down(self):
        async def flood():
            async with connect(self.url, "/v1/md") as ws:
                await ws.recv()
                for _ in range(400):
                    await ws.send('{"op":"ping"}')
                codes = []
                while len(codes) < 400:
                    answer = json.loads(await asyncio.wait_for(ws.recv(), 30))
                    codes.append(answer.get("code", answer["op"]))
                return codes
        codes = asyncio.run(flood())
        self.assertGreaterEqual(codes.count("pong"), 50)
        self.assertGreater(codes.count(6001), 200)

    def test_a_flood_of_orders_is_told_to_slow_down_and_cancels_pass(self):
        async def flood():
            async with trader(self.url) as (ws, auth):
                first = int(auth["next_client_seq"])
                for i in range(1000):
                    await ws.send(json.dumps({"op": "order", "client_seq": first + i, "symbol": "ETH-USD", "side": "buy",
                                              "px": "1.00", "qty": "0.1"}))
                await ws.send('{"op":"mass_cancel","id":"end"}')
                refused, canceled = 0, 0
                while True:
                    message = json.loads(await asyncio.wait_for(ws.recv(), 60))
                    refused += message.get("code") == 6002
                    canceled += message.get("exec_type") == "canceled"
                    if message.get("order_id") is None and message.get("exec_type") == "accepted":
                        break
                while canceled < 1000 - refused:
                    message = json.loads(await asyncio.wait_for(ws.recv(), 60))
                    canceled += message.get("exec_type") == "canceled"
                return refused, canceled
        refused, canceled = asyncio.run(flood())
        self.assertGreater(refused, 0)
        self.assertGreaterEqual(canceled, 100)

    def test_a_flood_of_pings_is_survived_by_answering_the_last(self):
        peer = upgraded(self.url)
        peer.sendall(frame(json.dumps({"op": "subscribe", "subs": [{"channel": "bbo", "symbols": ["BTC-USD"]}]}).encode()))
        try:
            for _ in range(200):
                peer.sendall(b"".join(frame(b"x" * 100, opcode=9) for _ in range(100)))
        except OSError:
            pass  # cut for reading nothing
        self.assertTrue(wait_until(lambda: metric(self.url, "bourse_outbox_bytes") < 4 << 20))
        peer.close()

    def test_what_is_against_the_protocol_ends_that_connection_only(self):
        for wrong in (frame(b"x" * 3, opcode=3), frame(b"hi")[:2].replace(b"\x82", b"\x02") + b"hi",
                      b"\xf1" + frame(b"hi")[1:], frame(b"\xff\xfe"), frame(b"", opcode=0)):
            peer = upgraded(self.url)
            peer.sendall(wrong)
            peer.settimeout(20)
            try:
                while peer.recv(4096):
                    pass
            except (ssl.SSLError, ConnectionError):
                pass
            peer.close()

    def test_a_storm_of_connections_is_survived(self):
        rounds = [threading.Thread(target=self.storm) for _ in range(8)]
        for thread in rounds:
            thread.start()
        for thread in rounds:
            thread.join(120)

    def storm(self):
        for i in range(40):
            try:
                peer = secure(self.url) if i % 2 else plain(self.url)
                peer.close()
            except OSError:
                pass

    def test_a_peer_that_vanishes_without_a_word_leaves_nothing_behind(self):
        before = metric(self.url, "bourse_connections{") + metric(self.url, "bourse_connections ")
        for _ in range(20):
            peer = upgraded(self.url)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(peer.detach())  # a reset in the middle of the conversation
        self.assertTrue(wait_until(lambda: metric(self.url, "bourse_connections{") + metric(self.url, "bourse_connections ") <
                                   before + 10))


class Goodbye(unittest.TestCase):
    def test_a_stop_tells_everybody_where_they_stand_and_resumption_is_whole(self):
        async def whole(x):
            seen = []
            with self.assertRaises(websockets.ConnectionClosed):
                async with connect(x.url, "/v1/md") as ws:
                    await ws.send(json.dumps({"op": "subscribe", "subs": [{"channel": "mbo", "symbols": ["BTC-USD"]}]}))
                    stop = asyncio.create_task(asyncio.to_thread(self.stop_soon, x))
                    while True:
                        message = await asyncio.wait_for(ws.recv(), 30)
                        if isinstance(message, str):
                            seen.append(json.loads(message))
                        else:
                            last = struct.unpack_from("<QQQQIHBB", message, self.header_place(message))
                            if last[6] == 1:
                                told = last[2]
            self.assertEqual(await stop, 0)
            self.assertEqual(ws.close_code, 1001)
            self.assertEqual(seen[-1]["op"], "shutdown")
            self.assertEqual(seen[-1]["code"], 9003)
            self.assertGreaterEqual(int(seen[-1]["head_seq"]), told)
            return told
        with ExchangeProcess("--durability", "memory") as x:
            told = asyncio.run(whole(x))
            x.start()

            async def resume():
                async for _, _, header, _ in follow(x.url, ["BTC-USD"], ["mbo"], start=told + 1):
                    return header
            self.assertEqual(asyncio.run(resume())[0], told)
            self.assertEqual(x.stop(), 0)

    @staticmethod
    def header_place(message):
        table, = struct.unpack_from("<I", message, 0)
        vtable = table - struct.unpack_from("<i", message, table)[0]
        return table + struct.unpack_from("<H", message, vtable + 4)[0]

    def stop_soon(self, x):
        time.sleep(1)
        x.process.terminate()  # SIGTERM, as a service manager does
        code = x.process.wait(30)
        x.close_output()
        return code


if __name__ == "__main__":
    unittest.main()
