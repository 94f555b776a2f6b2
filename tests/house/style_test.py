#!/usr/bin/python3
"""What the house style asks and the formatter and compiler cannot see.

Banned words in matching/, length of files, the comment at the head of each header, tabs, data paths
in product code, words that do not belong to the project. The second half plants each fault in a
temporary tree and sees it found.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

FLOORS = ["matching", "replay", "feed", "app", "bench"]
LINES_MAX = 400
COLUMNS_MAX = 100

# Files that may be longer, each with its reason: "path": "why it is better long".
LONG_FILES = {}

# matching/ is mathematics: same commands, same events, on every machine; nothing that allocates,
# blocks, throws, reads a clock or rounds.
MATCHING_BANNED = {
    r"\bstd::function\b": "std::function allocates and hides the call",
    r"\bshared_ptr\b": "one owner per object",
    r"\bstd::(recursive_|timed_|shared_)?mutex\b": "no locks",
    r"#\s*include\s*<iostream>": "no I/O",
    r"\bdouble\b": "prices and quantities are integers",
    r"\bfloat\b": "prices and quantities are integers",
    r"\bthrow\b": "a mistake is a value",
    r"\bvirtual ": "no indirect calls",
    r"\bclock_gettime\b": "no clock",
    r"\b(system|steady|high_resolution|utc)_clock::now\b": "no clock",
}

# The project speaks of itself only: no path of one person's machine, no tool of the writer.
FOREIGN = re.compile(
    r"(?<![\w./])/(home|root|work|Users)/\w|\b(chatgpt|openai|anthropic|copilot|claude|llm|gpt-\d|ai[- ](agent|assistant|generated)"
    r"|language model|sub-?agent)\b", re.IGNORECASE)

DATA_PATH = re.compile(r"\.\./shared\b")

TEXT_SUFFIXES = {".h", ".cpp", ".py", ".md", ".txt", ".cmake", ".fbs", ".json", ".toml", ".yml",
                 ".yaml", ".ts", ".html", ".css", ".sh", ".in", ".lua", ".service", ""}


def without_comments(text):
    """C++ text with comments and the insides of literals blanked, line numbers kept."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
        re.DOTALL)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)


def files_of(root):
    """Files of the project from the root: those git knows or would add, or all without git."""
    if (root / ".git").exists():
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True, text=True).stdout.splitlines()
    else:
        listed = [path.relative_to(root).as_posix() for path in root.rglob("*")
                  if "build" not in path.relative_to(root).parts[:1]]
    return sorted(name for name in set(listed) if (root / name).is_file())


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def faults_in_matching(name, text):
    faults = []
    code = without_comments(text)
    for pattern, reason in MATCHING_BANNED.items():
        for match in re.finditer(pattern, code):
            faults.append(f"{name}:{line_of(code, match.start())}: '{match.group(0).strip()}' in "
                          f"matching/: {reason}")
    return faults


def faults_in_cpp(name, text):
    faults = []
    lines = text.count("\n")
    if lines > LINES_MAX and name not in LONG_FILES:
        faults.append(f"{name}: {lines} lines, over {LINES_MAX}: divide it, or name the reason in "
                      "LONG_FILES of tests/house/style_test.py")
    if name.endswith(".h"):
        if not text.startswith(("//", "/*")):
            faults.append(f"{name}:1: a header begins with a comment: what it is, its shape, owner, errors")
        if not re.search(r"^#pragma once$", text, re.MULTILINE):
            faults.append(f"{name}: no #pragma once")
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > COLUMNS_MAX and "://" not in line:
            faults.append(f"{name}:{number}: {len(line)} columns, over {COLUMNS_MAX}")
    if "\t" in text:
        faults.append(f"{name}:{line_of(text, text.index(chr(9)))}: a tab")
    return faults


def faults_of(root):
    faults = []
    for name in files_of(root):
        path = pathlib.PurePosixPath(name)
        if path.suffix not in TEXT_SUFFIXES or name == "tests/house/style_test.py":
            continue
        try:
            text = (root / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        floor = path.parts[0]
        if path.suffix in {".h", ".cpp"}:
            faults += faults_in_cpp(name, text)
            if floor == "matching":
                faults += faults_in_matching(name, text)
        if floor in FLOORS and DATA_PATH.search(text):
            faults.append(f"{name}: a path of test data in product code")
        for match in FOREIGN.finditer(text):
            faults.append(f"{name}:{line_of(text, match.start())}: '{match.group(0)}' does not belong to the project")
    for name in LONG_FILES:
        if not (root / name).is_file():
            faults.append(f"LONG_FILES names {name}, which is gone")
    return faults


class TheHouse(unittest.TestCase):
    def test_every_file_keeps_the_style(self):
        root = pathlib.Path(os.environ.get("BOURSE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
        faults = faults_of(root)
        self.assertEqual(faults, [], "\n" + "\n".join(faults))

    def test_every_long_file_has_a_reason(self):
        for name, reason in LONG_FILES.items():
            self.assertGreater(len(reason), 20, name)


class ThisTestCanFail(unittest.TestCase):
    HEAD = "// A thing.\n#pragma once\n"

    def faults_in(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
            return [fault for fault in faults_of(root) if not fault.startswith("LONG_FILES")]

    def assert_one_fault(self, name, text, part):
        faults = self.faults_in(name, text)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(part, faults[0])

    def test_a_sound_file_has_no_fault(self):
        self.assertEqual(self.faults_in(
            "matching/book.h",
            self.HEAD + '// no double, no throw here\nint f(const char* = "double");  /* float */\n'
            "constexpr int big = 1'000'000;\n"), [])
        self.assertEqual(self.faults_in("feed/rate.cpp", "double rate() { throw 1; }\n"), [])

    def test_banned_words_in_matching_are_found(self):
        for word in ["std::function<void()> f;", "std::shared_ptr<int> p;", "std::mutex m;",
                     "#include <iostream>", "double d;", "float f;", "throw 1;", "virtual void f();",
                     "clock_gettime(0, 0);", "std::chrono::steady_clock::now();"]:
            with self.subTest(word):
                self.assert_one_fault("matching/book.cpp", f"// Why.\n{word}\n", "matching/book.cpp:2")

    def test_a_word_behind_a_digit_separator_is_found(self):
        self.assert_one_fault("matching/a.cpp", "int a = 1'000; double d; int b = 2'000;\n", "double")

    def test_a_long_file_is_found(self):
        self.assert_one_fault("app/long.cpp", "\n" * (LINES_MAX + 1), "over 400")

    def test_a_wide_line_is_found(self):
        self.assert_one_fault("app/a.cpp", "// " + "w" * COLUMNS_MAX + "\n", "app/a.cpp:1")
        self.assertEqual(self.faults_in("app/a.cpp", "// https://" + "w" * COLUMNS_MAX + "\n"), [])

    def test_a_header_without_comment_or_pragma_is_found(self):
        self.assert_one_fault("replay/a.h", "#pragma once\n", "begins with a comment")
        self.assert_one_fault("replay/a.h", "// A thing.\n", "#pragma once")

    def test_a_tab_is_found(self):
        self.assert_one_fault("feed/a.cpp", "int\ta;\n", "tab")

    def test_a_data_path_in_the_product_is_found(self):
        self.assert_one_fault("app/a.cpp", 'auto p = "../shared/data";\n', "test data")
        self.assertEqual(self.faults_in("tests/app/a_test.cpp", 'auto p = "../shared/data";\n'), [])

    def test_foreign_words_are_found(self):
        self.assert_one_fault("docs/A.md", "See /home/me/x here.\n", "does not belong")


if __name__ == "__main__":
    sys.exit(unittest.main())
