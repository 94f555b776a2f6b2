#!/usr/bin/python3
"""What a websocket and an HTTP client that we did not write see of the server: handshake, subprotocols, pings,
fragments, limits, close codes, refusals, and the goodbye."""
import asyncio
import json
import socket
import ssl
import unittest
import urllib.error
import urllib.request

import websockets
from exchange_process import ExchangeProcess, connect, run, tls

SUBSCRIBE = json.dumps({"op": "subscribe", "id": 1, "subs": [{"channel": "mbo", "symbols": ["BTC-USD"]}]})


def get(url, method="GET", body=None):
    """(status, headers, body) of an HTTPS request beside the websockets."""
    request = urllib.request.Request(url.replace("wss://", "https://"), data=body, method=method)
    try:
        with urllib.request.urlopen(request, context=tls(), timeout=30) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.headers, refusal.read().decode()


async def text_of(ws, op):
    async for message in ws:
        if isinstance(message, str) and json.loads(message)["op"] == op:
            return json.loads(message)
    raise AssertionError(f"ended before {op}")


class Websockets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.exchange = ExchangeProcess("--durability", "memory").start()
        cls.url = cls.exchange.url

    @classmethod
    def tearDownClass(cls):
        cls.exchange.__exit__()

    def refused(self, path, **arguments):
        async def attempt():
            async with websockets.connect(self.url + path, ssl=tls(), **arguments):
                pass
        with self.assertRaises(websockets.InvalidStatusCode) as refusal:
            asyncio.run(attempt())
        return refusal.exception.status_code

    def closed_with(self, *messages, subprotocol="bourse.fb.v1"):
        async def provoke():
            async with connect(self.url, "/v1/md", subprotocol) as ws:
                try:
                    for message in messages:
                        await ws.send(message)
                    async for _ in ws:
                        pass
                except websockets.ConnectionClosed:
                    pass
                return ws.close_code
        return asyncio.run(asyncio.wait_for(provoke(), 30))

    def test_a_subprotocol_is_echoed_only_if_it_was_offered(self):
        async def agreed(**arguments):
            async with websockets.connect(self.url + "/v1/md", ssl=tls(), **arguments) as ws:
                return ws.subprotocol, ws.extensions
        self.assertEqual(asyncio.run(agreed()), (None, []))
        self.assertEqual(asyncio.run(agreed(subprotocols=["other", "bourse.fb.v1"])), ("bourse.fb.v1", []))
        self.assertEqual(self.refused("/v1/md", subprotocols=["other"]), 400)

    def test_compression_is_offered_to_json_and_to_nothing_else(self):
        async def agreed(path, subprotocol):
            async with websockets.connect(self.url + path, ssl=tls(), subprotocols=[subprotocol],
                                          compression="deflate") as ws:
                hello = json.loads(await ws.recv())
                await ws.send(json.dumps({"op": "ping", "t": "x" * 60, "id": "y" * 60}))
                self.assertEqual(json.loads(await ws.recv())["t"], "x" * 60)
                return hello["op"], [extension.name for extension in ws.extensions]
        self.assertEqual(asyncio.run(agreed("/v1/trade", "bourse.json.v1")), ("hello", ["permessage-deflate"]))
        self.assertEqual(asyncio.run(agreed("/v1/trade", "bourse.fb.v1")), ("hello", []))
        self.assertEqual(asyncio.run(agreed("/v1/md", "bourse.fb.v1")), ("hello", []))

    def test_pings_are_answered_while_ticks_stream(self):
        async def ping():
            async with connect(self.url, "/v1/md") as ws:
                await ws.send(SUBSCRIBE)
                await text_of(ws, "subscribed")
                for i in range(50):
                    pong = await ws.ping(f"ping {i}")
                    while not pong.done():
                        await ws.recv()
                return True
        self.assertTrue(asyncio.run(asyncio.wait_for(ping(), 30)))

    def test_a_message_in_fragments_is_one_message(self):
        async def fragments():
            async with connect(self.url, "/v1/md") as ws:
                await ws.send([SUBSCRIBE[i:i + 7] for i in range(0, len(SUBSCRIBE), 7)])
                return (await text_of(ws, "subscribed"))["streams"][0]["symbol"]
        self.assertEqual(asyncio.run(asyncio.wait_for(fragments(), 30)), "BTC-USD")

    def test_a_message_over_the_limit_closes_with_1009(self):
        self.assertEqual(self.closed_with("x" * 65537), 1009)

    def test_a_close_is_answered_with_its_code(self):
        async def leave():
            async with connect(self.url, "/v1/md") as ws:
                await text_of(ws, "hello")
                await ws.close(3001, "enough")
                return ws.close_code
        self.assertEqual(asyncio.run(asyncio.wait_for(leave(), 30)), 3001)

    def test_binary_where_text_is_due_is_an_error_and_the_session_lives(self):
        async def confuse():
            async with connect(self.url, "/v1/md") as ws:
                await ws.send(b"\0\1\2\3")
                error = await text_of(ws, "error")
                await ws.send(SUBSCRIBE)
                await text_of(ws, "subscribed")
                return error["code"]
        self.assertEqual(asyncio.run(asyncio.wait_for(confuse(), 30)), 1004)

    def test_pages_of_other_origins_and_unknown_paths_are_refused(self):
        self.assertEqual(self.refused("/v1/md", origin="https://evil.example"), 403)
        self.assertEqual(self.refused("/v2/md"), 404)
        async def same_origin():
            async with websockets.connect(self.url + "/v1/md", ssl=tls(), origin=self.url.replace("wss", "https")):
                return True
        self.assertTrue(asyncio.run(same_origin()))

    def test_http_tells_health_limits_and_instruments(self):
        status, headers, body = get(self.url + "/readyz")
        self.assertEqual((status, json.loads(body)["ready"]), (200, True), body)
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(get(self.url + "/healthz")[0], 200)
        self.assertIn("BTC-USD", [i["symbol"] for i in json.loads(get(self.url + "/v1/instruments")[2])["instruments"]])
        self.assertEqual(json.loads(get(self.url + "/v1/limits")[2])["max_inbound"], 65536)
        self.assertGreater(int(json.loads(get(self.url + "/v1/time")[2])["time_ns"]), 1_700_000_000 * 10**9)
        metrics = get(self.url + "/metrics")[2]
        for name in ("bourse_clients", "bourse_frames_total", "bourse_stage_seconds_bucket"):
            self.assertIn("\n" + name, metrics)
        self.assertIn("wss://", get(self.url + "/")[2])

    def test_http_refusals_say_what_to_do(self):
        for path, method, status in (("/nothing", "GET", 404), ("/v1/md", "GET", 426), ("/metrics", "DELETE", 405)):
            with self.subTest(path):
                got, _, body = get(self.url + path, method)
                self.assertEqual(got, status)
                self.assertTrue(json.loads(body)["hint"], body)

    def test_tls_12_is_not_spoken_unless_asked_for(self):
        host, port = self.url.removeprefix("wss://").split(":")
        context = tls()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with socket.create_connection((host, int(port)), timeout=30) as tcp, self.assertRaises(ssl.SSLError):
            context.wrap_socket(tcp, server_hostname=host)

    def test_a_port_in_use_is_named_with_what_to_do(self):
        port = self.url.rsplit(":", 1)[1]
        code, _, errors = run("serve", "--demo", "--port", port, "--journal", self.exchange.journal + "-other")
        self.assertEqual(code, 73, errors)
        self.assertIn(f"port {port} is in use", errors)
        self.assertIn("--port", errors)


class Echo(unittest.TestCase):
    def test_it_sends_back_what_it_gets_where_the_configuration_asks_for_it(self):
        async def talk(url):
            async with websockets.connect(url + "/v1/echo", ssl=tls(), max_size=2**20) as ws:
                for message in ("", "gr\u00fc\u00df dich", b"\0\xff" * 30000, "x" * 60000):
                    await ws.send(message)
                    self.assertEqual(await asyncio.wait_for(ws.recv(), 20), message)
                await ws.send(iter(["in ", "three ", "pieces"]))
                self.assertEqual(await asyncio.wait_for(ws.recv(), 20), "in three pieces")
        with ExchangeProcess("--durability", "memory", "--set", "feed.echo=true", demo=False) as x:
            asyncio.run(talk(x.url))

    def test_it_is_not_there_otherwise(self):
        with ExchangeProcess("--durability", "memory", demo=False) as x:
            self.assertEqual(get(x.url + "/v1/echo")[0], 404)


class Goodbye(unittest.TestCase):
    def test_a_stop_says_shutdown_and_closes_with_1001(self):
        async def watch_the_end(x):
            async with connect(x.url, "/v1/md") as ws:
                await ws.send(SUBSCRIBE)
                await text_of(ws, "subscribed")
                stopping = asyncio.get_running_loop().run_in_executor(None, x.stop)
                shutdown = await text_of(ws, "shutdown")
                async for _ in ws:
                    pass
                return shutdown["code"], ws.close_code, await stopping
        with ExchangeProcess("--durability", "memory") as x:
            self.assertEqual(asyncio.run(asyncio.wait_for(watch_the_end(x), 60)), (9003, 1001, 0), "".join(x.output))


if __name__ == "__main__":
    unittest.main()
