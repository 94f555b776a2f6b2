#!/usr/bin/python3
"""What docs/SECURITY.md promises of keys, certificates and limits, tried against the real server."""
import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import os
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import websockets
from exchange_process import ExchangeProcess, connect, run, tls, trader, wait_until

QUIET = ("--durability", "memory", "--set", "demo.commands_per_second=1")


def proof(secret, hello):
    text = f"{hello['nonce']}|{hello['session']}".encode()
    return base64.b64encode(hmac.new(secret, text, hashlib.sha256).digest()).decode()


async def login(ws, key, secret, **more):
    hello = json.loads(await ws.recv())
    await ws.send(json.dumps({"op": "auth", "key": key, "sig": proof(secret, hello), **more}))
    return json.loads(await ws.recv())


def certificate_of(url):
    host, port = url.removeprefix("wss://").split(":")
    with socket.create_connection((host, int(port)), 10) as plain, tls().wrap_socket(plain) as secure:
        return secure.getpeercert(binary_form=True)


@contextlib.contextmanager
def ended(exchange):
    try:
        yield exchange
    finally:
        exchange.__exit__()


class Folder:
    """A folder with a keys file and an authority in it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="bourse-keys-")
        self.path = self.folder.name
        self.keys = os.path.join(self.path, "keys.toml")

    def new(self, key, *arguments):
        run("keys", "new", key, "--account", "7", "--file", self.keys, *arguments, check=0)

    def secret(self, key):
        with open(os.path.join(self.path, key + ".secret"), "rb") as file:
            return file.readline().rstrip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()


class ApiKeys(unittest.TestCase):
    def test_a_key_is_made_listed_used_disabled_and_its_connections_closed(self):
        async def whole(x, keys):
            async with connect(x.url, "/v1/trade") as ws:
                answer = await login(ws, "desk", keys.secret("desk"))
                self.assertEqual((answer["op"], answer["account"], answer["scopes"]), ("auth_ok", 7, ["read", "trade"]))
                run("keys", "disable", "desk", "--file", keys.keys, check=0)
                x.process.send_signal(signal.SIGHUP)
                with self.assertRaises(websockets.ConnectionClosed):
                    while True:
                        await asyncio.wait_for(ws.recv(), 20)
                self.assertEqual(ws.close_code, 4001)
            async with connect(x.url, "/v1/trade") as ws:
                self.assertEqual((await login(ws, "desk", keys.secret("desk")))["code"], 3003)
            run("keys", "enable", "desk", "--file", keys.keys, check=0)
            x.process.send_signal(signal.SIGHUP)
            self.assertTrue(wait_until(lambda: sum("reloaded" in line for line in x.output) == 2))
            async with connect(x.url, "/v1/trade") as ws:
                self.assertEqual((await login(ws, "desk", keys.secret("desk")))["op"], "auth_ok")
            async with trader(x.url):  # the demo's key has outlived it all
                pass
        with Folder() as keys:
            keys.new("desk", "--algorithm", "hmac-sha256")
            with ExchangeProcess(*QUIET, "--set", f"feed.keys_file={keys.keys}") as x:
                asyncio.run(whole(x, keys))
                secret = keys.secret("desk").decode()
                self.assertNotIn(secret, "".join(x.output))
                self.assertEqual(x.stop(), 0)
            _, listed, _ = run("keys", "list", "--file", keys.keys, check=0)
            self.assertIn("desk", listed)
            self.assertNotIn(secret, listed)

    def test_secrets_are_for_their_owner_only_and_nothing_is_overwritten(self):
        with Folder() as keys:
            keys.new("a", "--algorithm", "hmac-sha256")
            keys.new("b")
            for name in ("a.secret", "b.key", "keys.toml"):
                self.assertEqual(os.stat(os.path.join(keys.path, name)).st_mode & 0o777, 0o600, name)
            before = open(keys.keys).read()
            code, _, error = run("keys", "new", "a", "--account", "8", "--file", keys.keys)
            self.assertEqual((code, "never used again" in error), (73, True))
            self.assertEqual(open(keys.keys).read(), before)
            for arguments in (("c", "--account", "0"), ("c", "--account", "7", "--scopes", "fly"),
                              ("c", "--account", "7", "--algorithm", "rot13"), ("../c", "--account", "7")):
                self.assertNotEqual(run("keys", "new", *arguments, "--file", keys.keys)[0], 0, arguments)
            self.assertEqual(sorted(os.listdir(keys.path)), ["a.secret", "b.key", "keys.toml"])
            self.assertEqual(run("keys", "disable", "nobody", "--file", keys.keys)[0], 10)

    def test_an_ed25519_key_proves_itself_by_its_seed(self):
        with Folder() as keys:
            keys.new("desk", "--scopes", "admin")
            with ExchangeProcess(*QUIET, "--set", f"feed.keys_file={keys.keys}") as x:
                run("admin", "phase", "BTC-USD", "halt", "--url", x.url, "--key", "desk",
                    "--private-key-file", os.path.join(keys.path, "desk.key"), check=0)

    def test_a_reload_that_is_wrong_changes_nothing(self):
        with Folder() as keys:
            keys.new("desk", "--algorithm", "hmac-sha256")
            with ExchangeProcess(*QUIET, "--set", f"feed.keys_file={keys.keys}") as x:
                with open(keys.keys, "a") as file:
                    file.write("[[keys]]\nid = 5 5\n")
                x.process.send_signal(signal.SIGHUP)
                self.assertTrue(wait_until(lambda: any("not reloaded" in line for line in x.output)))

                async def still(url):
                    async with connect(url, "/v1/trade") as ws:
                        return (await login(ws, "desk", keys.secret("desk")))["op"]
                self.assertEqual(asyncio.run(still(x.url)), "auth_ok")

    def test_the_log_level_is_read_again(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "bourse.toml")
            with open(file, "w") as out:
                out.write('[log]\nlevel = "info"\n')
            with ExchangeProcess(*QUIET, "--config", file) as x:
                with open(file, "w") as out:
                    out.write('[log]\nlevel = "error"\n')
                x.process.send_signal(signal.SIGHUP)
                self.assertTrue(wait_until(lambda: any("reloaded" in line for line in x.output)))
                time.sleep(0.3)
                self.assertEqual(x.stop(), 0)
                self.assertFalse(any("stopping" in line for line in x.output), "that is only information")


class Certificates(unittest.TestCase):
    def make(self, keys, directory="certificates"):
        folder = os.path.join(keys.path, directory)
        run("keys", "ca", "--dir", folder, check=0)
        run("keys", "server", "--dir", folder, check=0)
        run("keys", "client", "alice", "--dir", folder, check=0)
        return folder

    def serve(self, folder, *more):
        return ExchangeProcess(*QUIET, "--set", f"feed.certificate_file={folder}/server.pem",
                               "--set", f"feed.private_key_file={folder}/server.key", *more)

    def get(self, url, context, path="/healthz"):
        with urllib.request.urlopen(url.replace("wss://", "https://") + path, context=context, timeout=20) as answer:
            return answer.status

    def test_a_client_that_trusts_the_authority_needs_no_exception(self):
        with Folder() as keys:
            folder = self.make(keys)
            with self.serve(folder) as x:
                context = ssl.create_default_context(cafile=f"{folder}/ca.pem")
                self.assertEqual(self.get(x.url, context), 200)
                with self.assertRaises(urllib.error.URLError):
                    self.get(x.url, ssl.create_default_context())

    def test_a_certificate_is_replaced_while_connections_go_on(self):
        async def whole(x, folder):
            before = certificate_of(x.url)
            async with connect(x.url, "/v1/md") as ws:
                await ws.recv()
                for name in ("server.pem", "server.key"):
                    os.remove(f"{folder}/{name}")
                run("keys", "server", "--dir", folder, check=0)
                x.process.send_signal(signal.SIGHUP)
                self.assertTrue(wait_until(lambda: certificate_of(x.url) != before))
                await ws.send('{"op":"ping"}')
                while not isinstance(message := await asyncio.wait_for(ws.recv(), 20), str):
                    pass  # heartbeats
                self.assertEqual(json.loads(message)["op"], "pong")
        with Folder() as keys:
            folder = self.make(keys)
            with self.serve(folder) as x:
                asyncio.run(whole(x, folder))

    def test_order_entry_can_ask_for_a_client_certificate(self):
        async def trade(url, context):
            async with websockets.connect(url + "/v1/trade", ssl=context) as ws:
                return json.loads(await ws.recv())["op"]
        with Folder() as keys:
            folder, others = self.make(keys), self.make(keys, "others")
            with self.serve(folder, "--set", f"feed.client_ca_file={folder}/ca.pem",
                            "--set", "feed.trade_needs_certificate=true") as x:
                stranger = ssl.create_default_context(cafile=f"{folder}/ca.pem")
                self.assertEqual(self.get(x.url, stranger), 200)
                with self.assertRaises(websockets.InvalidStatusCode) as refusal:
                    asyncio.run(trade(x.url, stranger))
                self.assertEqual(refusal.exception.status_code, 403)
                alice = ssl.create_default_context(cafile=f"{folder}/ca.pem")
                alice.load_cert_chain(f"{folder}/alice.pem", f"{folder}/alice.key")
                self.assertEqual(asyncio.run(trade(x.url, alice)), "hello")
                mallory = ssl.create_default_context(cafile=f"{folder}/ca.pem")
                mallory.load_cert_chain(f"{others}/alice.pem", f"{others}/alice.key")
                with self.assertRaises((OSError, websockets.WebSocketException)):
                    asyncio.run(trade(x.url, mallory))

    def test_administration_can_ask_for_a_client_certificate(self):
        async def halt(url, context, secret):
            async with websockets.connect(url + "/v1/trade", ssl=context) as ws:
                self.assertEqual((await login(ws, "duty", secret))["op"], "auth_ok")
                await ws.send(json.dumps({"op": "set_phase", "symbol": "BTC-USD", "phase": "halted"}))
                return json.loads(await asyncio.wait_for(ws.recv(), 20))
        with Folder() as keys:
            folder = self.make(keys)
            keys.new("duty", "--algorithm", "hmac-sha256", "--scopes", "admin")
            with self.serve(folder, "--set", f"feed.client_ca_file={folder}/ca.pem", "--set",
                            "feed.admin_needs_certificate=true", "--set", f"feed.keys_file={keys.keys}") as x:
                context = ssl.create_default_context(cafile=f"{folder}/ca.pem")
                self.assertEqual(asyncio.run(halt(x.url, context, keys.secret("duty")))["code"], 3004)
                context.load_cert_chain(f"{folder}/alice.pem", f"{folder}/alice.key")
                self.assertEqual(asyncio.run(halt(x.url, context, keys.secret("duty")))["decision"], "accepted")

    def test_tickets_resume_sessions_until_their_keys_are_replaced(self):
        def talk(url, context, session):
            host, port = url.removeprefix("wss://").split(":")
            with socket.create_connection((host, int(port)), 10) as plain, \
                    context.wrap_socket(plain, session=session) as secure:
                secure.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                while secure.recv(4096):
                    pass
                return secure.session_reused, secure.session
        with ExchangeProcess(*QUIET, "--set", "feed.limits.ticket_rotation_s=2") as x:
            context = tls()
            reused, session = talk(x.url, context, None)
            self.assertFalse(reused)
            self.assertTrue(talk(x.url, context, session)[0])
            time.sleep(4.5)  # two lifetimes of a key
            self.assertFalse(talk(x.url, context, session)[0])

    def test_secrets_of_tls_are_logged_only_where_the_configuration_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "secrets")

            def serve(*more):
                os.environ["SSLKEYLOGFILE"] = log
                try:
                    return ExchangeProcess(*QUIET, *more).start()
                finally:
                    del os.environ["SSLKEYLOGFILE"]  # Python's own ssl would obey it

            def is_logged():
                return os.path.exists(log) and "SERVER_HANDSHAKE" in open(log).read()
            with ended(serve()) as x:
                certificate_of(x.url)
                self.assertFalse(is_logged())
            with ended(serve("--set", "feed.key_log=true")) as x:
                certificate_of(x.url)
                self.assertTrue(wait_until(is_logged))
                self.assertEqual(os.stat(log).st_mode & 0o777, 0o600)
            code = subprocess.run([os.environ["BOURSE_BINARY"], "serve", "--port", "0", "--journal", folder + "/j",
                                   "--set", "feed.key_log=true"], capture_output=True, timeout=60).returncode
            self.assertEqual(code, 78)

    def test_only_tls_13_is_spoken_and_plain_http_gets_a_hint(self):
        with ExchangeProcess(*QUIET) as x:
            old = tls()
            old.maximum_version = ssl.TLSVersion.TLSv1_2
            with self.assertRaises((ssl.SSLError, OSError, urllib.error.URLError)):
                self.get(x.url, old)
            host, port = x.url.removeprefix("wss://").split(":")
            with socket.create_connection((host, int(port)), 10) as plain:
                plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertIn(b"https://", plain.recv(4096))


class Doors(unittest.TestCase):
    def test_secrets_have_no_place_in_a_query_string(self):
        async def attempt(url):
            async with connect(url, "/v1/trade?key=demo&sig=open-sesame") as ws:
                self.assertEqual(json.loads(await ws.recv())["op"], "hello")
                await ws.send(json.dumps({"op": "order", "symbol": "BTC-USD", "side": "buy", "px": "1", "qty": "1"}))
                return json.loads(await ws.recv())["code"]
        with ExchangeProcess(*QUIET, "--set", "log.level=debug") as x:
            self.assertEqual(asyncio.run(attempt(x.url)), 3001)  # nothing there is read
            self.assertEqual(x.stop(), 0)
            self.assertNotIn("sesame", "".join(x.output))  # and nothing is written down

    def test_pages_of_other_origins_are_refused_unless_they_are_named(self):
        async def status(url, origin):
            try:
                async with websockets.connect(url + "/v1/md", ssl=tls(), origin=origin):
                    return 101
            except websockets.InvalidStatusCode as refusal:
                return refusal.status_code
        with ExchangeProcess(*QUIET, "--set", "feed.origins_allowed=https://desk.example https://b.example:8443") as x:
            for origin, expected in (("https://evil.example", 403), ("https://desk.example", 101), ("null", 403),
                                     ("https://b.example:8443", 101), (x.url.replace("wss", "https"), 101)):
                self.assertEqual(asyncio.run(status(x.url, origin)), expected, origin)

    def test_an_address_with_too_many_connections_is_refused_before_tls(self):
        with ExchangeProcess(*QUIET, "--set", "feed.limit_loopback=true",
                             "--set", "feed.limits.connections_per_ip=5") as x:
            host, port = x.url.removeprefix("wss://").split(":")
            kept = [socket.create_connection((host, int(port)), 10) for _ in range(5)]
            time.sleep(0.3)
            with self.assertRaises(OSError):
                certificate_of(x.url)
            for plain in kept:
                plain.close()
            self.assertTrue(wait_until(lambda: self.is_served(x.url)))
            with urllib.request.urlopen(x.url.replace("wss://", "https://") + "/metrics", context=tls()) as answer:
                text = answer.read().decode()
            refused = [line for line in text.splitlines() if line.startswith("bourse_connections_refused_total")
                       and "connections_per_ip" in line]
            self.assertGreater(float(refused[0].split()[-1]), 0)

    def is_served(self, url):
        try:
            return certificate_of(url) is not None
        except OSError:
            return False

    def test_an_address_that_connects_too_often_is_refused_before_tls(self):
        with ExchangeProcess(*QUIET, "--set", "feed.limit_loopback=true", "--set", "feed.limits.connects_per_minute=1",
                             "--set", "feed.limits.connects_burst=4") as x:
            served = [self.is_served(x.url) for _ in range(8)]
            self.assertEqual(served, [True] * 4 + [False] * 4)

    def test_a_key_has_so_many_connections(self):
        async def whole(url):
            async with trader(url), trader(url):
                async with connect(url, "/v1/trade") as ws:
                    return (await login(ws, "demo", b"bourse-demo-secret-not-for-production"))["code"]
        with ExchangeProcess(*QUIET, "--set", "feed.limits.connections_per_key=2") as x:
            self.assertEqual(asyncio.run(whole(x.url)), 3005)


if __name__ == "__main__":
    unittest.main()
