#!/usr/bin/python3
"""Instructions of one operation, by callgrind, beside the counts that are checked in.

usage: bench/instructions.py FOLDER [--count N] [--counts FILE] [--update]

FOLDER holds the executables (build/release/bench). No load on the machine changes an instruction count, so a change
beyond 2 %, up or down, is the code's: the commit that makes it says why and brings new counts (--update). Exit code
10: a count is further off, missing or new. Counts belong to one compiler and one -march: others are shown, not judged.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

TOLERANCE = 0.02
# Executable, and the option that makes it run its counted_* functions N times each.
COUNTED = (("bourse_challenge", "--count"), ("bourse_counted", "--count"))
COUNTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "instructions.txt")
EXIT_NO = 10


def annotated(text):
    """Inclusive instructions of each counted_* function in callgrind_annotate's output."""
    most = {}
    for line in text.splitlines():
        found = re.match(r"\s*([\d,]+)\s.*:counted_(\w+)", line)
        if found:
            count = int(found.group(1).replace(",", ""))
            most[found.group(2)] = max(count, most.get(found.group(2), 0))
    return most


def read_counts(text):
    """(what it was built with, {operation: instructions}) of the checked-in file."""
    build, counts = "", {}
    for line in text.splitlines():
        if line.startswith("# built with "):
            build = line[len("# built with "):]
        elif line and not line.startswith("#"):
            name, value = line.split()
            counts[name] = float(value)
    return build, counts


def write_counts(build, counts):
    lines = ["# Instructions of one operation: ./dev bench --instructions, and --update to write this file anew. A commit",
             "# that moves one by more than 2 % says why.", f"# built with {build}"]
    return "\n".join(lines + [f"{name:<20} {counts[name]:.1f}" for name in sorted(counts)]) + "\n"


def compare(known, found):
    """One (line, is it off) for each operation of either."""
    for name in sorted(known | found):
        if name not in found:
            yield f"{name:<20} {known[name]:>10.1f} {'-':>10}           GONE", True
        elif name not in known:
            yield f"{name:<20} {'-':>10} {found[name]:>10.1f}           NEW", True
        else:
            change = found[name] / known[name] - 1
            is_off = abs(change) > TOLERANCE
            yield f"{name:<20} {known[name]:>10.1f} {found[name]:>10.1f} {100 * change:>+8.1f}%{' OFF' if is_off else ''}", is_off


def count_instructions(folder, operations):
    counts = {}
    for executable, option in COUNTED:
        binary = os.path.join(folder, executable)
        with tempfile.TemporaryDirectory(prefix="bourse-callgrind-") as out:
            file = os.path.join(out, "callgrind.out")
            subprocess.run(["valgrind", "--quiet", "--tool=callgrind", "--toggle-collect=counted_*",
                            f"--callgrind-out-file={file}", binary, option, str(operations)], check=True,
                           stdout=subprocess.DEVNULL)
            # It warns of an inlined line that it cannot place.
            text = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--auto=no", "--threshold=100", file],
                                  check=True, capture_output=True, text=True).stdout
        counts |= {name: value / operations for name, value in annotated(text).items()}
    return counts


def build_of(folder):
    """Compiler and -march, as `bourse version` tells them."""
    text = subprocess.run([os.path.join(folder, "../app/bourse"), "version"], check=True, capture_output=True, text=True).stdout
    compiler = re.search(r"(GNU|Clang) [\d.]+", text)
    march = re.search(r"-march=\S+?(?=[)\s])", text)
    return " ".join(found.group(0) for found in (compiler, march) if found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--counts", default=COUNTS)
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    found, build = count_instructions(arguments.folder, arguments.count), build_of(arguments.folder)
    known_build, known = "", {}
    if os.path.exists(arguments.counts):
        with open(arguments.counts, encoding="utf-8") as file:
            known_build, known = read_counts(file.read())
    print(f"{'instructions of one':<20} {'checked in':>10} {'now':>10}   change")
    off = 0
    for line, is_off in compare(known, found):
        print(line)
        off += is_off
    if arguments.update:
        with open(arguments.counts, "w", encoding="utf-8") as file:
            file.write(write_counts(build, found))
        print(f"written: {arguments.counts}; say in the commit why they moved")
        return 0
    if build != known_build:
        print(f"not judged: the counts are of {known_build or 'no build'}, this is {build}")
        return 0
    if off:
        print(f"{off} of them moved by more than {100 * TOLERANCE:.0f} %: explain it in the commit, with new counts: "
              "./dev bench --instructions --update")
        return EXIT_NO
    return 0


if __name__ == "__main__":
    sys.exit(main())
