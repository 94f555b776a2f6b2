#!/usr/bin/python3
"""The unit tests of the page's client (tests/web/*.test.ts), bundled by esbuild and run by Node's own test runner.
Skipped, with the reason, where Node or the page's packages are missing."""
import glob
import os
import subprocess
import sys
import tempfile

from node_tools import SOURCE, require_packages

# Node 18 builds the page; its test runner has no mock of timers as these tests use it.
node, modules = require_packages("esbuild", node_least=20)
with tempfile.TemporaryDirectory(prefix="bourse-web-") as folder:
    tests = sorted(glob.glob(os.path.join(SOURCE, "tests/web/*.test.ts")))
    subprocess.run([node, os.path.join(modules, "esbuild/bin/esbuild"), *tests, "--bundle", "--platform=node",
                    "--format=esm", "--out-extension:.js=.mjs", f"--outdir={folder}", "--log-level=warning"], check=True)
    built = sorted(glob.glob(os.path.join(folder, "*.mjs")))
    sys.exit(subprocess.run([node, "--test", *built], env=os.environ | {"BOURSE_SOURCE_DIR": SOURCE}).returncode)
