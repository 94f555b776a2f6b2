#!/usr/bin/python3
"""The feed without websockets: books over HTTP, long polling and server-sent events tell the same messages under
the same sequences as the websocket does."""
import asyncio
import base64
import http.client
import json
import time
import os
import struct
import unittest

from exchange_process import ExchangeProcess, connect, run, tls
from subscribe import follow, read_frame

POLLS_MAX = 400


class Http:
    """One kept-alive HTTPS connection."""

    def __init__(self, url):
        self.connection = http.client.HTTPSConnection(url.removeprefix("wss://"), context=tls(), timeout=60)

    def get(self, path, **headers):
        self.connection.request("GET", path, headers=headers)
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def json(self, path):
        status, _, body = self.get(path)
        return status, json.loads(body)


def messages(body):
    """(is text, payload) of each message of a binary answer."""
    at = 0
    while at < len(body):
        length, kind = struct.unpack_from("<II", body, at)
        yield kind == 1, body[at + 8:at + 8 + length]
        at += 8 + length + -length % 8


def events_of(frames):
    """(seq, rpt_seq) of the mbo events in these frames."""
    out = []
    for frame in frames:
        header, rows = read_frame(frame)
        if rows is not None and header[6] == 1:
            out += [(int(row["seq"]), int(row["rpt_seq"])) for row in rows]
    return out


async def websocket_events(url, first, last):
    seen = []
    async for _, _, header, rows in follow(url, ["BTC-USD"], ["mbo"], start=first):
        seen += [(int(row["seq"]), int(row["rpt_seq"])) for row in rows]
        if header[2] >= last:
            return [event for event in seen if event[0] <= last]


class HttpFeed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.exchange = ExchangeProcess("--durability", "memory").start()
        cls.url = cls.exchange.url

    @classmethod
    def tearDownClass(cls):
        cls.exchange.__exit__()

    def head(self):
        return int(Http(self.url).json("/v1/status")[1]["journal"]["head_seq"])

    def poll_until(self, first, last, encoding=""):
        client, frames, sequence = Http(self.url), [], first
        for _ in range(POLLS_MAX):
            status, headers, body = client.get(
                f"/v1/poll?channels=mbo&symbols=BTC-USD&from_seq={sequence}{encoding}")
            if status == 429:  # 100 requests at once, then 50 a second: a fast machine asks more often
                time.sleep(0.1)
                continue
            self.assertEqual(status, 200, body)
            if encoding:
                lines = [json.loads(line) for line in body.splitlines()]
                frames += [base64.b64decode(line["frame"]) for line in lines if "frame" in line]
            else:
                frames += [payload for is_text, payload in messages(body) if not is_text]
            self.assertGreaterEqual(int(headers["Bourse-Next-Seq"]), sequence)
            sequence = int(headers["Bourse-Next-Seq"])
            if sequence > last:
                return [event for event in events_of(frames) if event[0] <= last]
        raise AssertionError(f"{POLLS_MAX} polls ended at {sequence}, before {last}")

    def test_polling_tells_what_the_websocket_tells(self):
        first = self.head() + 1
        last = first + 600
        for encoding in ("", "&encoding=base64"):
            polled = self.poll_until(first, last, encoding)
            self.assertGreater(len(polled), 100)
            self.assertEqual(polled, asyncio.run(websocket_events(self.url, first, last)))

    def test_a_poll_waits_for_news_and_ends_without_them(self):
        with ExchangeProcess("--durability", "memory", "--set", "demo.commands_per_second=1",
                             "--set", "feed.limits.poll_wait_ms=1500") as x:
            head = int(Http(x.url).json("/v1/status")[1]["journal"]["head_seq"])
            status, headers, body = Http(x.url).get(f"/v1/poll?channels=imbalance&from_seq={head + 1}")
            self.assertEqual(status, 200)
            self.assertTrue(any(b"subscribed" in payload for is_text, payload in messages(body) if is_text))
            self.assertGreaterEqual(int(headers["Bourse-Next-Seq"]), head + 1)

    def test_server_sent_events_go_on_and_resume(self):
        client = Http(self.url)
        first = self.head() + 1

        def listen(path, count, **headers):
            client.connection.request("GET", path, headers=headers)
            answer = client.connection.getresponse()
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "text/event-stream"))
            frames, last_id, pending = [], None, []
            while len(events_of(frames)) < count:
                line = answer.readline().decode().rstrip("\n")
                if line.startswith("data: ") and kind == "frame":
                    pending.append(base64.b64decode(line[6:]))
                elif line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("id: "):
                    last_id = int(line[4:])
                    frames, pending = frames + pending, []
            client.connection.close()
            return events_of(frames), last_id
        heard, last_id = listen(f"/v1/events?channels=mbo&symbols=BTC-USD&from_seq={first}", 150)
        more, last_id = listen("/v1/events?channels=mbo&symbols=BTC-USD", 150, **{"Last-Event-ID": str(last_id)})
        heard += more
        self.assertEqual(heard, asyncio.run(websocket_events(self.url, first, last_id - 1)))

    def test_what_cannot_be_polled_is_refused_with_a_reason(self):
        client = Http(self.url)
        for path, status, code in (("/v1/poll?from_seq=x", 400, 1004), ("/v1/poll?snapshot=perhaps", 400, 1004),
                                   ("/v1/poll?symbols=", 400, 1003), ("/v1/events?encoding=xml", 400, 1004),
                                   ("/v1/poll?x=%zz", 400, 1001)):
            got, answer = client.json(path)
            self.assertEqual((got, answer["code"]), (status, code), path)
        status, _, body = client.get("/v1/poll?symbols=NOPE&encoding=base64")
        self.assertEqual(status, 404, body)
        self.assertEqual(json.loads(body.splitlines()[0])["text"]["rejected"][0]["code"], 2003)
        status, _, body = client.get("/v1/poll?from_seq=999999999999&encoding=base64")
        self.assertEqual(status, 400, body)

    def test_requests_in_a_row_are_answered_and_floods_are_told_to_slow_down(self):
        client = Http(self.url)
        statuses = [client.get("/healthz")[0] for _ in range(300)]
        self.assertEqual(statuses[0], 200)
        self.assertIn(429, statuses)
        self.assertEqual(Http(self.url).get("/healthz")[0], 200)


class Books(unittest.TestCase):
    def test_the_book_over_http_is_the_book_of_the_log(self):
        with ExchangeProcess("--durability", "memory") as x:
            client = Http(x.url)
            for _ in range(100):  # the demo has to fill its book first
                status, now = client.json("/v1/book/BTC-USD?depth=5")
                self.assertEqual(status, 200)
                if len(now["bids"]) == len(now["asks"]) == 5:
                    break
                time.sleep(0.1)
            self.assertEqual((len(now["bids"]), len(now["asks"])), (5, 5))
            at = int(now["seq"])
            status, then = client.json(f"/v1/book/BTC-USD?depth=5&at_seq={at}")
            self.assertEqual((status, then), (200, now))
            self.assertEqual(client.json(f"/v1/book/BTC-USD?depth=5&at_ts={now['ts_event']}")[1]["bids"], now["bids"])
            self.assertEqual(client.json("/v1/book/BTC-USX")[0], 404)
            self.assertEqual(client.json(f"/v1/book/BTC-USX?at_seq={at}")[0], 404)
            self.assertEqual(client.json("/v1/book/BTC-USD?at_seq=999999999")[1]["code"], 4002)
            self.assertEqual(client.json("/v1/book/BTC-USD?at_seq=0")[0], 400)
            self.assertEqual(client.json("/v1/book/BTC-USD?depth=many")[0], 400)
            self.assertEqual(x.stop(), 0)
            _, text, _ = run("book", "BTC-USD", "--journal", x.journal, "--at-seq", str(at), "--depth", "5", "--json",
                             check=0)
            of_the_log = json.loads(text)
            self.assertEqual(int(of_the_log["book_hash"], 16), int(now["book_hash"]))
            self.assertEqual([level["price"] for level in of_the_log["bids"]], [level[0] for level in now["bids"]])

    def test_schemas_and_status_are_served(self):
        with ExchangeProcess("--durability", "memory") as x:
            client = Http(x.url)
            names = [one["name"] for one in client.json("/v1/schema")[1]["schemas"]]
            self.assertEqual(names, ["market_data.fbs", "orders.fbs"])
            for name in names:
                with open(f"{os.environ['BOURSE_SOURCE_DIR']}/schemas/{name}", "rb") as file:
                    self.assertEqual(client.get(f"/v1/schema/{name}")[2], file.read())
            self.assertEqual(client.json("/v1/schema/none.fbs")[0], 404)
            status = client.json("/v1/status")[1]
            self.assertTrue(status["ready"])
            self.assertEqual([market["symbol"] for market in status["markets"]], ["BTC-USD", "ETH-USD"])

    def test_a_stop_ends_polls_and_streams_with_what_there_is(self):
        async def whole(x):
            async with connect(x.url, "/v1/md") as ws:
                hello = json.loads(await ws.recv())
                head = int(hello["journal"]["head_seq"])
                events = Http(x.url)
                events.connection.request("GET", f"/v1/events?channels=imbalance&from_seq={head + 1}")
                answer = events.connection.getresponse()
                stop = asyncio.to_thread(x.stop)
                task = asyncio.create_task(stop)
                text = await asyncio.to_thread(answer.read)
                self.assertIn(b'"op":"shutdown"', text)
                self.assertEqual(await task, 0)
        with ExchangeProcess("--durability", "memory", "--set", "demo.commands_per_second=1") as x:
            asyncio.run(whole(x))


if __name__ == "__main__":
    unittest.main()
