#!/usr/bin/python3
"""The package keeps its own types, strictly, and says so to others."""
import os
import shutil
import subprocess
import sys
import unittest

from package import ROOT

if not shutil.which("mypy"):
    print("skipped: needs mypy")
    sys.exit(77)

CACHE = os.path.join(os.environ.get("BOURSE_BINARY_DIR", "/tmp"), "mypy_cache")
PACKAGE = ROOT / "clients" / "python"


class Types(unittest.TestCase):
    def test_the_package_is_typed_strictly(self):
        done = subprocess.run(["mypy", "--config-file", "pyproject.toml", "--cache-dir", CACHE], cwd=PACKAGE, text=True,
                              capture_output=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_it_has_the_mark_for_type_checkers(self):
        self.assertTrue((PACKAGE / "bourse" / "py.typed").is_file())


if __name__ == "__main__":
    unittest.main()
