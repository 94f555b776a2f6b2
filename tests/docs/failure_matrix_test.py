#!/usr/bin/python3
"""The failure matrix of docs/JOURNAL.md names tests: each of them is there, and rows 1 to 28 each have one."""
import os
import pathlib
import re
import unittest

ROOT = pathlib.Path(os.environ.get("BOURSE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
ROWS = set(range(1, 29))


def section(text, number):
    return re.search(rf"^## {number}\. .*?(?=^## )", text, re.MULTILINE | re.DOTALL).group(0)


def matrix():
    """(numbers of its rows, the cell that names tests) of each line of the first table."""
    table = section((ROOT / "docs/JOURNAL.md").read_text(encoding="utf-8"), 7).split("\n| # |", 1)[1].split("\n\n", 1)[0]
    for line in table.splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        ends = [int(number) for number in cells[0].split("-") if number]
        yield range(ends[0], ends[-1] + 1) if ends else (), cells[-1]


def all_tests():
    """The names of tests in C++ as Suite.Name, and the files that are tests or fuzzers or programs of their own."""
    cases, files = set(), set()
    for path in (ROOT / "tests").rglob("*"):
        if path.suffix == ".cpp":
            cases |= {f"{suite}.{name}" for suite, name in
                      re.findall(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", path.read_text(encoding="utf-8"), re.MULTILINE)}
        if path.suffix in (".cpp", ".py"):
            files |= {path.stem, f"bourse_{path.stem}"}
    return cases, files


class FailureMatrix(unittest.TestCase):
    def setUp(self):
        self.cases, self.files = all_tests()
        self.rows = list(matrix())

    def is_there(self, name):
        if name in self.files:
            return True
        start = name.removesuffix("…")
        return any(case == start or case.startswith(start + ("" if name.endswith("…") else ".")) for case in self.cases)

    def test_every_test_that_a_row_names_is_there(self):
        missing = []
        for rows, cell in self.rows:
            names = [name for name in re.findall(r"`([^`]+)`", cell) if "/" not in name]
            self.assertTrue(names, f"row {list(rows)} names no test")
            missing += [name for name in names if not self.is_there(name)]
        self.assertEqual(missing, [])

    def test_every_row_has_its_line(self):
        self.assertEqual({number for rows, _ in self.rows for number in rows}, ROWS)

    def test_a_test_that_is_not_there_is_missed(self):
        self.assertFalse(self.is_there("PowerCut.Row99…"))
        self.assertFalse(self.is_there("Recovery.Row0"))


if __name__ == "__main__":
    unittest.main()
