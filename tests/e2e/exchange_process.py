"""Starts `bourse serve` on a free port with a journal of its own and stops it again, gently or not."""
import base64
import contextlib
import hashlib
import hmac
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import websockets

sys.path.insert(0, os.path.join(os.environ["BOURSE_SOURCE_DIR"], "clients", "python"))

DEMO_KEY, DEMO_SECRET = "demo", b"bourse-demo-secret-not-for-production"
START_SECONDS_MAX = 60


def binary():
    return os.environ["BOURSE_BINARY"]


class ExchangeProcess:
    """`with ExchangeProcess(...) as x`: x.url is the wss address, x.journal the directory."""

    def __init__(self, *arguments, journal=None, demo=True):
        self._own = None if journal else tempfile.TemporaryDirectory(prefix="bourse-e2e-")
        self.journal = journal or os.path.join(self._own.name, "journal")
        self.arguments = ["serve", *(["--demo"] if demo else []), "--port", "0", "--journal", self.journal,
                          "--set", "journal.segment_bytes=8388608",
                          "--set", "demo.commands_per_second=1000", *arguments]
        self.process = None
        self.output = []

    def begin(self, *more):
        """Starts it and waits for nothing: `serves` is set when it has said where it listens."""
        self.output, self.url, self.serves = [], None, threading.Event()
        self.process = subprocess.Popen([binary(), *self.arguments, *more], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)

        def read():
            for line in self.process.stdout:
                self.output.append(line)
                if match := re.search(r"wss://([\d.]+:\d+)/v1/md", line):
                    self.url = "wss://" + match[1]
                if "Ctrl-C" in line:
                    self.serves.set()

        self.reader = threading.Thread(target=read, daemon=True)
        self.reader.start()
        return self

    def start(self):
        self.begin()
        deadline = time.monotonic() + START_SECONDS_MAX
        # Not poll(): its output ends a moment before it does.
        while not self.serves.wait(0.05) and self.reader.is_alive() and time.monotonic() < deadline:
            pass
        if not self.serves.is_set():
            raise AssertionError("the exchange did not start:\n" + "".join(self.output))
        return self

    def stop(self):
        """As Ctrl-C does; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        self.close_output()
        return code

    def kill(self):
        self.process.kill()
        self.process.wait(30)
        self.close_output()

    def close_output(self):
        self.reader.join(5)
        self.process.stdout.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.kill()
        if self._own:
            self._own.cleanup()


def tls():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def https(url, path):
    """(status, text) of GET path at the process behind a wss address."""
    try:
        with urllib.request.urlopen("https" + url[3:] + path, context=tls(), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def metric(url, name):
    for line in https(url, "/metrics")[1].splitlines():
        if line.startswith((name + " ", name + "{")):
            return float(line.split()[-1])
    raise AssertionError(f"no metric {name}")


@contextlib.asynccontextmanager
async def connect(url, path, subprotocol="bourse.fb.v1"):
    async with websockets.connect(url + path, ssl=tls(), max_size=2**20, subprotocols=[subprotocol]) as ws:
        yield ws


@contextlib.asynccontextmanager
async def trader(url, **auth):
    """An authenticated JSON session on /v1/trade; yields (socket, auth_ok)."""
    async with connect(url, "/v1/trade", "bourse.json.v1") as ws:
        hello = json.loads(await ws.recv())
        signature = hmac.new(DEMO_SECRET, f"{hello['nonce']}|{hello['session']}".encode(), hashlib.sha256).digest()
        await ws.send(json.dumps({"op": "auth", "id": 1, "key": DEMO_KEY, "alg": "hmac-sha256",
                                  "sig": base64.b64encode(signature).decode(), **auth}))
        reply = json.loads(await ws.recv())
        if reply["op"] != "auth_ok":
            raise AssertionError(reply)
        yield ws, reply | {"session": hello["session"]}


def run(*arguments, check=None):
    """Runs `bourse ARGUMENTS`; returns (exit code, stdout, stderr)."""
    done = subprocess.run([binary(), *arguments], capture_output=True, text=True, timeout=120)
    if check is not None and done.returncode != check:
        raise AssertionError(f"bourse {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.returncode, done.stdout, done.stderr


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False
