#!/usr/bin/python3
"""RFC 6455, section by section, against the session class that serves the feed: /v1/echo, which sends back what it gets, and the
endpoints that clients use."""
import json
import struct
import unittest

from exchange_process import ExchangeProcess
from raw_websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, RawWebsocket, close, frame

MESSAGE_BYTES_MAX = 65536
SUBSCRIBE = json.dumps({"op": "subscribe", "subs": [{"channel": "mbo", "symbols": ["BTC-USD"]}]}).encode()


def setUpModule():
    global EXCHANGE
    EXCHANGE = ExchangeProcess("--set", "feed.echo=true").start()


def tearDownModule():
    EXCHANGE.__exit__()


class Case(unittest.TestCase):
    path = "/v1/echo"

    def opened(self, **headers):
        raw = RawWebsocket(EXCHANGE.url, headers.pop("path", self.path), **headers)
        self.addCleanup(raw.leave)
        return raw

    def assert_echoed(self, *frames, opcode=TEXT, payload=b"", raw=None):
        raw = raw or self.opened()
        raw.send(*frames)
        self.assertEqual(raw.message(), (opcode, payload))
        return raw

    def assert_fails(self, code, *frames):
        raw = self.opened()
        raw.send(*frames)
        got, _ = raw.ending(answers_max=1)
        self.assertEqual(got, code)
        raw.send(close(code))
        self.assertTrue(raw.has_ended(), "the server ends the stream after the closing handshake")

    def assert_lives(self, raw):
        self.assert_echoed(frame(TEXT, b"still here"), payload=b"still here", raw=raw)


class Section4OpeningHandshake(Case):
    def refused(self, status, **headers):
        raw = self.opened(**headers)
        self.assertEqual(raw.status, status)
        return raw

    def test_the_answer_proves_that_the_key_was_read(self):
        raw = self.opened()
        self.assertEqual((raw.status, raw.headers["upgrade"].lower(), raw.headers["connection"].lower()), (101, "websocket", "upgrade"))
        self.assertEqual(raw.headers["sec-websocket-accept"], raw.accept())
        sample = self.opened(Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==")
        self.assertEqual(sample.headers["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "the RFC's own example")

    def test_tokens_are_told_apart_by_commas_and_never_by_case(self):
        self.assertEqual(self.opened(Upgrade="WebSocket", Connection="keep-alive, upgrade").status, 101)

    def test_nothing_is_negotiated_that_was_not_offered(self):
        raw = self.opened()
        self.assertNotIn("sec-websocket-protocol", raw.headers)
        self.assertNotIn("sec-websocket-extensions", raw.headers)

    def test_an_unknown_extension_is_declined_and_binary_is_never_compressed(self):
        raw = self.opened(path="/v1/md", Sec_WebSocket_Extensions="x-unknown, permessage-deflate", Sec_WebSocket_Protocol="bourse.fb.v1")
        self.assertEqual(raw.status, 101)
        self.assertNotIn("sec-websocket-extensions", raw.headers)

    def test_a_request_without_a_key_is_refused(self):
        self.refused(400, Sec_WebSocket_Key=None)

    def test_a_request_of_another_version_is_no_upgrade(self):
        self.refused(426, Sec_WebSocket_Version="8")

    def test_a_request_without_upgrade_is_answered_with_what_is_needed(self):
        self.refused(426, Upgrade=None)
        self.refused(426, Connection="close")

    def test_another_method_or_an_older_http_is_refused(self):
        self.assertIn(self.opened(method="POST").status, (405, 426))
        self.assertEqual(self.opened(version="HTTP/1.0").status, 400)


class Section5BaseFraming(Case):
    def test_every_form_of_length_is_read(self):
        for size in (0, 1, 125, 126, 127, 128, 4096, 65535, 65536):
            with self.subTest(size=size):
                payload = bytes(i % 251 for i in range(size))
                self.assert_echoed(frame(BINARY, payload), opcode=BINARY, payload=payload)

    def test_a_length_that_is_not_the_shortest_is_refused(self):
        self.assert_fails(1002, frame(TEXT, b"abc", form=2))
        self.assert_fails(1002, frame(TEXT, b"abc", form=8))
        self.assert_fails(1002, frame(BINARY, b"x" * 300, form=8))

    def test_a_length_beyond_63_bits_is_refused(self):
        raw = self.opened()
        raw.send(bytes([0x82, 0xFF]) + b"\xff" * 8 + b"\0\0\0\0")
        self.assertIn(raw.ending()[0], (1002, 1009))

    def test_reserved_bits_are_refused(self):
        for rsv in (1, 2, 3, 4, 5, 6, 7):
            with self.subTest(rsv=rsv):
                self.assert_fails(1002, frame(TEXT, b"abc", rsv=rsv))
        self.assert_fails(1002, frame(PING, b"", rsv=4))

    def test_reserved_opcodes_are_refused(self):
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            with self.subTest(opcode=opcode):
                self.assert_fails(1002, frame(opcode, b"abc"))

    def test_a_client_that_does_not_mask_is_refused(self):
        self.assert_fails(1002, frame(TEXT, b"abc", mask=False))
        self.assert_fails(1002, frame(PING, b"", mask=False))

    def test_a_frame_that_comes_byte_by_byte_is_one_frame(self):
        data = frame(TEXT, "ätick".encode())
        self.assert_echoed(*(data[i:i + 1] for i in range(len(data))), payload="ätick".encode())

    def test_many_frames_in_one_segment_are_answered_in_order(self):
        raw = self.opened()
        raw.send(b"".join(frame(TEXT, b"%d" % i) for i in range(200)))
        self.assertEqual([raw.message() for _ in range(200)], [(TEXT, b"%d" % i) for i in range(200)])


class Section54Fragmentation(Case):
    def test_fragments_are_one_message_of_the_first_ones_kind(self):
        for opcode in (TEXT, BINARY):
            self.assert_echoed(frame(opcode, b"one ", fin=False), frame(CONTINUATION, b"message", fin=True), opcode=opcode,
                               payload=b"one message")

    def test_fragments_may_be_empty_or_single_bytes(self):
        self.assert_echoed(frame(TEXT, b"", fin=False), *(frame(CONTINUATION, b"%c" % c, fin=False) for c in b"fragmented"),
                           frame(CONTINUATION, b"", fin=False), frame(CONTINUATION, b""), payload=b"fragmented")
        self.assert_echoed(frame(TEXT, b"", fin=False), frame(CONTINUATION, b""), payload=b"")

    def test_control_frames_may_come_between_fragments_and_are_answered_at_once(self):
        raw = self.opened()
        raw.send(frame(TEXT, b"first ", fin=False), frame(PING, b"now"))
        self.assertEqual(raw.receive(), (True, PONG, b"now"))
        raw.send(frame(PONG, b"unasked"), frame(CONTINUATION, b"second"))
        self.assertEqual(raw.message(), (TEXT, b"first second"))

    def test_a_continuation_of_nothing_is_refused(self):
        self.assert_fails(1002, frame(CONTINUATION, b"abc"))
        self.assert_fails(1002, frame(CONTINUATION, b"abc", fin=False))
        self.assert_fails(1002, frame(TEXT, b"whole"), frame(CONTINUATION, b"abc"))

    def test_a_message_within_a_message_is_refused(self):
        self.assert_fails(1002, frame(TEXT, b"begun", fin=False), frame(TEXT, b"another"))
        self.assert_fails(1002, frame(BINARY, b"begun", fin=False), frame(TEXT, b"another", fin=False))

    def test_a_close_between_fragments_is_answered(self):
        raw = self.opened()
        raw.send(frame(TEXT, b"never ended", fin=False), close(1000))
        self.assertEqual(raw.ending()[0], 1000)


class Section55ControlFrames(Case):
    def test_a_ping_is_answered_with_its_own_bytes(self):
        raw = self.opened()
        for payload in (b"", b"hello", bytes(range(125)), b"\xff\xfe"):
            raw.send(frame(PING, payload))
            self.assertEqual(raw.receive(), (True, PONG, payload))

    def test_a_control_frame_over_125_bytes_is_refused(self):
        self.assert_fails(1002, frame(PING, b"x" * 126))
        self.assert_fails(1002, frame(PONG, b"x" * 126))
        self.assert_fails(1002, frame(CLOSE, b"\x03\xe8" + b"x" * 124))

    def test_a_control_frame_in_fragments_is_refused(self):
        self.assert_fails(1002, frame(PING, b"x", fin=False))
        self.assert_fails(1002, frame(CLOSE, b"\x03\xe8", fin=False))

    def test_a_pong_that_nobody_asked_for_is_ignored(self):
        raw = self.opened()
        raw.send(frame(PONG, b"unasked"))
        self.assert_lives(raw)

    def test_many_pings_are_answered_and_in_order(self):
        raw = self.opened()
        for i in range(50):
            raw.send(frame(PING, b"%d" % i))
            self.assertEqual(raw.receive(), (True, PONG, b"%d" % i))


class Section7Closing(Case):
    def test_a_close_is_answered_with_its_code_and_the_stream_ends(self):
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
            with self.subTest(code=code):
                raw = self.opened()
                raw.send(close(code, b"because"))
                self.assertEqual(raw.ending()[0], code)
                self.assertTrue(raw.has_ended())

    def test_a_close_without_a_code_is_answered(self):
        raw = self.opened()
        raw.send(frame(CLOSE))
        self.assertIn(raw.ending()[0], (1000, 1005))
        self.assertTrue(raw.has_ended())

    def test_half_a_code_is_refused(self):
        self.assert_fails(1002, frame(CLOSE, b"\x03"))

    def test_codes_that_must_not_be_sent_are_refused(self):
        for code in (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999):
            with self.subTest(code=code):
                self.assert_fails(1002, close(code))

    def test_a_code_that_nobody_has_defined_ends_the_connection_all_the_same(self):
        for code in (5000, 65535):
            raw = self.opened()
            raw.send(close(code))
            self.assertIn(raw.ending()[0], (1002, code))

    def test_a_reason_that_is_not_utf8_is_refused(self):
        raw = self.opened()
        raw.send(close(1000, b"\xff\xfe"))
        self.assertIn(raw.ending()[0], (1002, 1007))

    def test_what_comes_after_a_close_is_not_answered(self):
        raw = self.opened()
        raw.send(close(1000) + frame(TEXT, b"too late") + frame(PING, b"too late"))
        self.assertEqual(raw.receive()[1], CLOSE)
        self.assertTrue(raw.has_ended())

    def test_a_stream_that_is_cut_leaves_the_server_alive(self):
        raw = self.opened()
        raw.send(frame(TEXT, b"half a mess", fin=False), b"\x81")
        raw.leave()
        self.assert_lives(self.opened())


class Section8Utf8(Case):
    SOUND = ("", "κόσμε", "\x00", "\x7f", "\x80", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd", "\uffff", "\U00010000", "\U0010ffff",
             "Hello-µ@ßöäüàá-UTF-8!!")
    BROKEN = (b"\x80", b"\xbf", b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf",
              b"\xf0\x80\x80\xaf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfe", b"\xff", b"\xce",
              b"\xe2\x82", b"\xf0\x9f\x98", b"abc\xff", "κό".encode() + b"\xed\xa0\x80edited")

    def test_sound_text_comes_back(self):
        for text in self.SOUND:
            with self.subTest(text=text):
                self.assert_echoed(frame(TEXT, text.encode()), payload=text.encode())

    def test_broken_text_is_refused(self):
        for payload in self.BROKEN:
            with self.subTest(payload=payload):
                self.assert_fails(1007, frame(TEXT, payload))

    def test_a_character_may_be_cut_by_fragments_but_not_by_the_end(self):
        data = "a€😀z".encode()
        for cut in range(len(data) + 1):
            self.assert_echoed(frame(TEXT, data[:cut], fin=False), frame(CONTINUATION, data[cut:]), payload=data)
        self.assert_fails(1007, frame(TEXT, data[:2], fin=False), frame(CONTINUATION, b"\x41"))
        self.assert_fails(1007, frame(TEXT, data[:2]))

    def test_a_character_that_is_cut_by_an_empty_last_fragment_is_refused(self):
        self.assert_fails(1007, frame(TEXT, b"a\xe2", fin=False), frame(CONTINUATION, b""))

    def test_binary_may_be_anything(self):
        for payload in self.BROKEN:
            self.assert_echoed(frame(BINARY, payload), opcode=BINARY, payload=payload)


class Section10Limits(Case):
    def test_a_message_over_the_limit_is_1009_in_one_frame_or_in_many(self):
        self.assert_fails(1009, frame(BINARY, b"x" * (MESSAGE_BYTES_MAX + 1)))
        half = b"x" * (MESSAGE_BYTES_MAX // 2)
        self.assert_fails(1009, frame(BINARY, half, fin=False), frame(CONTINUATION, half, fin=False), frame(CONTINUATION, b"x"))

    def test_a_frame_that_only_claims_to_be_large_is_refused_before_it_comes(self):
        raw = self.opened()
        raw.send(bytes([0x82, 0xFF]) + struct.pack(">Q", 1 << 40) + b"\0\0\0\0")
        self.assertEqual(raw.ending()[0], 1009)


class TheEndpointsOfClients(Case):
    """The same class serves them: the same rules, seen by what they answer."""
    path = "/v1/md"

    def told(self, raw, op):
        while True:
            opcode, payload = raw.message()
            if opcode == TEXT and json.loads(payload)["op"] == op:
                return json.loads(payload)

    def test_a_request_in_fragments_with_a_ping_between_is_answered(self):
        raw = self.opened()
        self.told(raw, "hello")
        raw.send(frame(TEXT, SUBSCRIBE[:9], fin=False), frame(PING, b"between"), frame(CONTINUATION, SUBSCRIBE[9:]))
        self.assertEqual(self.told(raw, "subscribed")["streams"][0]["symbol"], "BTC-USD")

    def test_pings_are_answered_between_frames_of_data(self):
        raw = self.opened()
        raw.send(frame(TEXT, SUBSCRIBE))
        self.told(raw, "subscribed")
        raw.send(frame(PING, b"while it streams"))
        while True:
            fin, opcode, payload = raw.receive()
            self.assertTrue(fin)
            if opcode == PONG:
                self.assertEqual(payload, b"while it streams")
                return

    def test_violations_close_with_their_codes(self):
        for path in ("/v1/md", "/v1/trade"):
            for code, data in ((1002, frame(TEXT, b"{}", mask=False)), (1002, frame(TEXT, b"{}", rsv=4)), (1002, frame(3, b"")),
                               (1002, frame(CONTINUATION, b"")), (1007, frame(TEXT, b"\xff")),
                               (1009, frame(TEXT, b"x" * (MESSAGE_BYTES_MAX + 1)))):
                with self.subTest(path=path, code=code, data=data[:8]):
                    raw = self.opened(path=path)
                    self.told(raw, "hello")
                    raw.send(data)
                    self.assertEqual(raw.ending()[0], code)


if __name__ == "__main__":
    unittest.main()
