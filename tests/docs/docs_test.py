#!/usr/bin/python3
"""Every command shown in README.md and docs/*.md works: each `$ ` line of a ```console block is run, block after
block, in a folder of its own per document.

`./dev run` starts the exchange in the background; the other subcommands of ./dev are not run again from inside
its own tests, but must be known to `./dev help`. Endless commands are ended by Ctrl-C once they have said
something. Blocks on the market data folder are left out, and named, where that folder is missing."""
import glob
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = os.environ["BOURSE_SOURCE_DIR"]
BINARY = os.environ["BOURSE_BINARY"]
# Endless commands, and what they say when they have done what the reader waits for.
ENDLESS = ((re.compile(r"^bourse tail (?!.*--count)"), "."), (re.compile(r"^bourse serve .*--flow"), "hit the same order"))
DATA = re.compile(r"\.\./shared/data/(\S+)")
SECONDS_MAX = 60


def blocks(path):
    """The `$ ` lines of each ```console block, as (line number, command)."""
    block = None
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        if line.startswith("```"):
            if block:
                yield block
            block = [] if line.startswith("```console") else None
        elif block is not None and line.startswith("$ "):
            block.append((number, line[2:].strip()))


def commands(path):
    """The commands to run. One that needs the market data folder takes its whole block with it: what follows there
    works on what it makes."""
    shared = os.environ.get("BOURSE_SHARED")
    for block in blocks(path):
        needs_data = any(DATA.search(command) for _, command in block)
        for number, command in block:
            if needs_data and not shared:
                print(f"{os.path.relpath(path, SOURCE)}:{number}: left out, needs the market data folder: {command}")
            else:
                yield number, command.replace("../shared", shared) if needs_data else command


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Reader:
    """A person in a folder who types what the document says."""

    def __init__(self, folder):
        port = free_port()
        self.folder, self.background, self.failures = folder, [], []
        self.environment = os.environ | {
            "PATH": os.path.join(folder, "bin") + ":" + os.environ["PATH"],
            "BOURSE_FEED_PORT": str(port), "BOURSE_URL": f"wss://127.0.0.1:{port}", "NO_COLOR": "1"}
        os.mkdir(os.path.join(folder, "bin"))
        os.symlink(BINARY, os.path.join(folder, "bin", "bourse"))
        os.makedirs(os.path.join(folder, "build/release"))
        os.symlink(os.path.dirname(BINARY), os.path.join(folder, "build/release/app"))
        for name in ("bench", "clients", "deploy", "docs"):
            os.symlink(os.path.join(SOURCE, name), os.path.join(folder, name))

    def start(self, command):
        process = subprocess.Popen(shlex.split(command), cwd=self.folder, env=self.environment, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in process.stdout:
            if "Ctrl-C" in line:
                self.background.append(process)
                return None
        return f"ended with {process.wait()} before it was ready"

    def interrupt(self, command, awaited):
        process = subprocess.Popen(shlex.split(command), cwd=self.folder, env=self.environment, text=True,
                                   stdout=subprocess.PIPE)
        said = next((line for line in process.stdout if awaited in line), None)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS_MAX)
        return None if said and process.returncode == 0 else f"said {said!r}, exit {process.returncode}"

    def type(self, command):
        if command.startswith("./dev "):
            verb = command.split()[1]
            if verb == "run":
                return self.start("bourse serve --demo " + command[len("./dev run"):])
            known = subprocess.run([os.path.join(SOURCE, "dev"), "help"], capture_output=True, text=True).stdout
            return None if re.search(rf"^  {verb}\b", known, re.M) else f"./dev knows no {verb}"
        command = command.replace("build/release/app/bourse", "bourse")
        if command.endswith("&"):
            return self.start(command[:-1])
        for endless, awaited in ENDLESS:
            if endless.search(command) and "|" not in command:
                return self.interrupt(command, awaited)
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.environment, text=True,
                              capture_output=True, timeout=SECONDS_MAX)
        return None if done.returncode == 0 else f"exit {done.returncode}: {done.stderr[-500:]}"

    def leave(self):
        for process in self.background:
            process.send_signal(signal.SIGINT)
            try:
                if process.wait(30) != 0:
                    self.failures.append(f"the exchange ended with {process.returncode}")
            except subprocess.TimeoutExpired:
                process.kill()
                self.failures.append("the exchange did not end on Ctrl-C")


def main():
    documents = [os.path.join(SOURCE, "README.md"), *sorted(glob.glob(os.path.join(SOURCE, "docs/*.md")))]
    failures, run = [], 0
    for document in documents:
        name = os.path.relpath(document, SOURCE)
        with tempfile.TemporaryDirectory(prefix="bourse-docs-") as folder:
            reader = Reader(folder)
            for line, command in commands(document):
                begin = time.monotonic()
                wrong = reader.type(command)
                run += 1
                print(f"{name}:{line}: {'ok' if wrong is None else wrong} ({time.monotonic() - begin:.1f} s): {command}")
                if wrong is not None:
                    failures.append(f"{name}:{line}: {command}: {wrong}")
            reader.leave()
            failures += [f"{name}: {failure}" for failure in reader.failures]
    if not run:
        failures.append("no document shows a command: is the ```console fence still the right mark?")
    print("\n".join(failures) or f"{run} commands shown in {len(documents)} documents work", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
