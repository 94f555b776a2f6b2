#!/usr/bin/python3
"""The include rule of the house: matching < replay < feed < app < bench.

A floor includes itself and lower floors, never a higher one; no circle between files; Boost and
generated schema code only in the rooms that receive them; no folder named after a kind of code.
The second half plants each fault in a temporary tree and sees it found.
"""

import os
import pathlib
import re
import sys
import tempfile
import unittest

FLOORS = ["matching", "replay", "feed", "app", "bench"]

# The rooms (feed/<stem>.h and .cpp) where Boost is received.
BOOST_ROOMS = {
    "session",
    "listener",
    "proxy_hall",
    "message_deflate",
    "http_routes",
    "direct_tls",
    "reactor",
    "session_http",
    "session_stream",
    "feed_client",
    "boost_sources",
}
# Benches whose baseline is Boost itself.
BOOST_TWINS = {"bench/twins/beast_twin"}
# The rooms where FlatBuffers and generated schema code are received: feed/market_frames,
# feed/order_frames and whatever else encodes or decodes frames.
SCHEMA_ROOM = re.compile(r"feed/(\w+/)?\w*_frames\w*$")

# Folders name a stage of the data flow, not a kind of code.
FOLDERS_BANNED = {"utils", "util", "common", "detail", "internal", "impl", "core", "helpers", "misc"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def source_files(root):
    """All C++ files of the floors, as paths from the root."""
    found = []
    for floor in FLOORS:
        for path in sorted((root / floor).rglob("*")):
            if path.suffix in {".h", ".hpp", ".cpp", ".cc", ".inc"} and path.is_file():
                found.append(path.relative_to(root).as_posix())
    return found


def includes_of(root, name):
    text = COMMENT.sub("", (root / name).read_text(encoding="utf-8"))
    return [(quoted or angled) for quoted, angled in INCLUDE.findall(text)]


def upward_arrows(graph):
    faults = []
    for source, targets in graph.items():
        floor = FLOORS.index(source.split("/")[0])
        for target in targets:
            first = target.split("/")[0]
            if first in FLOORS and FLOORS.index(first) > floor:
                faults.append(f"{source} includes {target}, which lives on a higher floor")
            if first == "tests":
                faults.append(f"{source} includes {target}: the product does not know its tests")
    return faults


def circles(graph):
    """Each circle of includes once, as 'a -> b -> a'."""
    faults, done, path = [], set(), []

    def visit(name):
        if name in path:
            faults.append("circle: " + " -> ".join(path[path.index(name):] + [name]))
            return
        if name in done:
            return
        path.append(name)
        for target in graph.get(name, []):
            if target in graph:
                visit(target)
        path.pop()
        done.add(name)

    for name in graph:
        visit(name)
    return faults


def circles_of_rooms(graph):
    """The same between rooms (feed/net, replay/log ...): what lies below does not know what is above."""
    rooms = {}
    for source, targets in graph.items():
        room = source.rsplit("/", 1)[0]
        rooms.setdefault(room, [])
        for target in targets:
            other = target.rsplit("/", 1)[0]
            if other != room and other not in rooms[room]:
                rooms[room].append(other)
    return [fault.replace("circle", "circle of rooms", 1) for fault in circles(dict(sorted(rooms.items())))]


def guests_out_of_hall(graph):
    faults = []
    for source, targets in graph.items():
        folder, _, stem = source.rsplit(".", 1)[0].rpartition("/")
        for target in targets:
            is_room = folder.split("/")[0] == "feed" and stem in BOOST_ROOMS or f"{folder}/{stem}" in BOOST_TWINS
            if target.startswith("boost/") and not is_room:
                faults.append(f"{source} includes <{target}>: Boost is received in feed/"
                              f"{{{','.join(sorted(BOOST_ROOMS))}}} only")
            schema = target.startswith(("flatbuffers/", "schemas/")) or target.endswith("_generated.h")
            if schema and not SCHEMA_ROOM.match(f"{folder}/{stem}"):
                faults.append(f"{source} includes {target}: schema code is received in feed/*_frames* only")
    return faults


def relative_includes(root, graph):
    """Quoted includes start at the repository root."""
    faults = []
    for source, targets in graph.items():
        folder = source.rsplit("/", 1)[0]
        for target in targets:
            if target.startswith(".") or ((root / folder / target).is_file() and not (root / target).is_file()):
                faults.append(f'{source} includes "{target}": write it from the repository root')
    return faults


def banned_folders(root):
    faults = []
    for floor in FLOORS + ["schemas", "tests"]:
        for path in sorted((root / floor).rglob("*")):
            if path.is_dir() and path.name.lower() in FOLDERS_BANNED:
                faults.append(f"{path.relative_to(root)}/: a folder is a stage of the data flow, "
                              "not a kind of code")
    return faults


def faults_of(root):
    graph = {name: includes_of(root, name) for name in source_files(root)}
    file_circles = circles(graph)
    return (upward_arrows(graph) + (file_circles or circles_of_rooms(graph)) + guests_out_of_hall(graph)
            + relative_includes(root, graph) + banned_folders(root))


class TheHouse(unittest.TestCase):
    def test_arrows_go_down_and_guests_stay_in_the_hall(self):
        root = pathlib.Path(os.environ.get("BOURSE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
        self.assertGreater(len(source_files(root)), 0, f"no source files under {root}")
        faults = faults_of(root)
        self.assertEqual(faults, [], "\n" + "\n".join(faults))


class ThisTestCanFail(unittest.TestCase):
    def faults_in(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
            return faults_of(root)

    def assert_one_fault(self, files, part):
        faults = self.faults_in(files)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(part, faults[0])

    def test_a_sound_tree_has_no_fault(self):
        self.assertEqual(self.faults_in({
            "matching/event.h": "#pragma once\n#include <vector>\n",
            "matching/book.h": '#include "matching/event.h"  // Event\n',
            "replay/tail.cpp": '#include "matching/book.h"\n// #include "feed/net/session.h"\n',
            "feed/net/session.cpp": '#include <boost/beast/core.hpp>\n#include "replay/tail.h"\n',
            "feed/market/market_frames.cpp": '#include "schemas/market_data_generated.h"\n',
            "bench/book_micro.cpp": '#include "app/exchange/exchange.h"\n#include "matching/book.h"\n',
        }), [])

    def test_an_upward_arrow_is_found(self):
        self.assert_one_fault({"matching/book.h": '#include "feed/market/hub.h"\n'}, "higher floor")
        self.assert_one_fault({"app/serve.cpp": '#  include "bench/pacer.h"\n'}, "higher floor")

    def test_a_circle_is_found(self):
        self.assert_one_fault({
            "matching/book.h": '#include "matching/event.h"\n',
            "matching/event.h": '#include "matching/order.h"\n',
            "matching/order.h": '#include "matching/book.h"\n',
        }, "matching/book.h -> matching/event.h -> matching/order.h -> matching/book.h")
        self.assert_one_fault({"replay/tail.h": '#include "replay/tail.h"\n'}, "circle")

    def test_a_circle_of_rooms_is_found(self):
        self.assert_one_fault({
            "feed/net/session.h": '#include "feed/market/hub.h"\n',
            "feed/market/hub.h": "#pragma once\n",
            "feed/market/outbox.h": '#include "feed/net/socket.h"\n',
            "feed/net/socket.h": "#pragma once\n",
        }, "circle of rooms: feed/market -> feed/net -> feed/market")

    def test_boost_outside_its_rooms_is_found(self):
        self.assert_one_fault({"feed/market/hub.h": "#include <boost/asio.hpp>\n"}, "Boost")
        self.assert_one_fault({"app/session.cpp": "#include <boost/beast.hpp>\n"}, "Boost")

    def test_schema_code_outside_its_rooms_is_found(self):
        self.assert_one_fault({"feed/market/hub.cpp": '#include "schemas/orders_generated.h"\n'}, "schema")
        self.assert_one_fault({"replay/tail.cpp": "#include <flatbuffers/flatbuffers.h>\n"}, "schema")

    def test_an_include_of_a_test_is_found(self):
        self.assert_one_fault({"replay/tail.h": '#include "tests/data_folder.h"\n'}, "tests")

    def test_an_include_beside_the_root_is_found(self):
        self.assert_one_fault({
            "replay/tail.h": "#pragma once\n",
            "replay/reader.h": '#include "tail.h"\n',
        }, "repository root")

    def test_a_folder_named_after_a_kind_is_found(self):
        self.assert_one_fault({"feed/detail/ring.h": "#pragma once\n"}, "feed/detail/")


if __name__ == "__main__":
    sys.exit(unittest.main())
