#!/usr/bin/python3
"""The trading page in a real Chromium, against a real exchange: tests/web/page_test.mjs. Skipped, with the reason, where
Node, the page's packages or Chromium are missing, or the page is not in the binary."""
import os
import shutil
import subprocess
import sys

from node_tools import SOURCE, require_packages, skip

node, _ = require_packages("playwright-core", "axe-core", "esbuild", node_least=20)
chromium = shutil.which("chromium")
if not chromium:
    skip("there is no chromium; apt-get install chromium")
sys.exit(subprocess.run([node, os.path.join(SOURCE, "tests/web/page_test.mjs")],
                        env=os.environ | {"BOURSE_SOURCE_DIR": SOURCE, "CHROMIUM": chromium}).returncode)
