#!/usr/bin/python3
"""Clients that are not ours: npm `ws`, the WebSocket of Node itself, and curl, against the real exchange."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from exchange_process import ExchangeProcess

SOURCE = os.environ["BOURSE_SOURCE_DIR"]
# `ws` as it is installed, or as playwright-core carries it.
FIND_WS = """
const {createRequire} = require('node:module');
const from = createRequire(process.env.MODULES + '/x.js');
let ws;
try { ws = from('ws'); } catch { ws = from('playwright-core/lib/utilsBundle').ws; }
"""
FOLLOW = """
// What a client of the feed does first: hello, subscribe, frames, by offsets alone (docs/PROTOCOL.md, section 3).
function header(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const root = view.getUint32(0, true), vtable = root - view.getInt32(root, true);
  const place = root + view.getUint16(vtable + 4, true);
  return {magic: String.fromCharCode(...bytes.slice(4, 8)), prev: view.getBigUint64(place, true), last: view.getBigUint64(place + 16, true),
          channel: view.getUint8(place + 38), flags: view.getUint8(place + 39)};
}
const told = {hello: 0, subscribed: 0, frames: 0, gaps: 0, snapshots: 0, code: 0, pong: ''};
let position = null;
function text(message, send) {
  const op = JSON.parse(message).op;
  told[op] = (told[op] ?? 0) + 1;
  if (op === 'hello') send(JSON.stringify({op: 'subscribe', subs: [{channel: 'mbo', symbols: ['BTC-USD'], snapshot: true}]}));
}
function binary(bytes) {
  const h = header(bytes);
  if (h.magic !== 'TICK') throw new Error('no frame');
  if (h.channel !== 1) return false;
  if (h.flags & 1) told.snapshots++; else if (position !== null && h.prev !== position) told.gaps++;
  position = h.last;
  return ++told.frames >= 30;
}
function done(code) { told.code = code; console.log(JSON.stringify(told)); process.exit(0); }
"""
WITH_WS = FIND_WS + FOLLOW + """
const socket = new ws(process.env.URL + '/v1/md', ['bourse.fb.v1'], {rejectUnauthorized: false, perMessageDeflate: true});
told.protocol = '';
socket.on('open', () => { told.protocol = socket.protocol; socket.ping('are you there'); });
socket.on('pong', data => { told.pong = data.toString(); });
socket.on('message', (data, isBinary) => {
  if (!isBinary) text(data.toString(), m => socket.send(m));
  else if (binary(data) && told.pong) socket.close(3000, 'enough');
});
socket.on('close', done);
socket.on('error', error => { console.error(error); process.exit(1); });
"""
WITH_NODE = FOLLOW + """
const socket = new WebSocket(process.env.URL + '/v1/md', ['bourse.fb.v1']);
socket.binaryType = 'arraybuffer';
socket.onmessage = event => {
  if (typeof event.data === 'string') text(event.data, m => socket.send(m));
  else if (binary(new Uint8Array(event.data))) socket.close(3000, 'enough');
};
socket.onopen = () => { told.protocol = socket.protocol; };
socket.onclose = event => done(event.code);
socket.onerror = event => { console.error(event.message); process.exit(1); };
"""


def setUpModule():
    global EXCHANGE
    EXCHANGE = ExchangeProcess().start()


def tearDownModule():
    EXCHANGE.__exit__()


class NodeClients(unittest.TestCase):
    def run_node(self, script, *options):
        if not shutil.which("node"):
            self.skipTest("needs node")
        with tempfile.NamedTemporaryFile("w", suffix=".cjs") as file:
            file.write(script)
            file.flush()
            done = subprocess.run(["node", *options, file.name], text=True, capture_output=True, timeout=60, env=os.environ | {
                "URL": EXCHANGE.url, "MODULES": os.path.join(SOURCE, "clients", "web", "node_modules"), "NODE_TLS_REJECT_UNAUTHORIZED": "0"})
        if "MODULE_NOT_FOUND" in done.stderr:
            self.skipTest("needs the packages of clients/web (npm ci)")
        if "WebSocket is not defined" in done.stderr or "bad option" in done.stderr:
            self.skipTest("this Node has no WebSocket of its own")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def assert_followed(self, told):
        self.assertEqual((told["hello"], told["subscribed"], told["gaps"], told["protocol"]), (1, 1, 0, "bourse.fb.v1"))
        self.assertGreaterEqual(told["frames"], 30)
        self.assertGreaterEqual(told["snapshots"], 1)
        self.assertEqual(told["code"], 3000, "the close is answered with its own code")

    def test_npm_ws_follows_the_feed_and_its_pings_are_answered(self):
        told = self.run_node(WITH_WS)
        self.assert_followed(told)
        self.assertEqual(told["pong"], "are you there")

    def test_the_websocket_of_node_follows_the_feed(self):
        self.assert_followed(self.run_node(WITH_NODE, "--experimental-websocket"))


class Curl(unittest.TestCase):
    def curl(self, path, *arguments):
        if not shutil.which("curl"):
            self.skipTest("needs curl")
        address = EXCHANGE.url.replace("wss", "https") + path
        return subprocess.run(["curl", "--silent", "--show-error", "--insecure", "--max-time", "20", *arguments, address], capture_output=True,
                              timeout=60)

    def test_http_is_http(self):
        done = self.curl("/v1/instruments")
        self.assertIn("BTC-USD", [i["symbol"] for i in json.loads(done.stdout)["instruments"]])
        head = self.curl("/readyz", "--head")
        self.assertTrue(head.stdout.startswith(b"HTTP/1.1 200"), head.stdout)
        both = self.curl("/healthz", "--next", "--silent", "--insecure", EXCHANGE.url.replace("wss", "https") + "/v1/time")
        self.assertEqual(both.returncode, 0)

    def test_tls_1_3_is_spoken_and_1_2_is_not(self):
        self.assertEqual(self.curl("/healthz", "--tlsv1.3").returncode, 0)
        self.assertEqual(self.curl("/healthz", "--tls-max", "1.2").returncode, 35)

    def test_an_upgrade_by_hand_is_answered_and_hello_follows(self):
        done = self.curl("/v1/md", "--include", "--http1.1", "--no-buffer", "--max-time", "2", "-H", "Connection: Upgrade", "-H", "Upgrade: websocket",
                         "-H", "Sec-WebSocket-Version: 13", "-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
        self.assertTrue(done.stdout.startswith(b"HTTP/1.1 101"), done.stdout[:200])
        self.assertIn(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", done.stdout)
        self.assertIn(b'"op":"hello"', done.stdout)


if __name__ == "__main__":
    sys.exit(unittest.main())
