"""Finds the package under test; whoever imports this is skipped where numpy is missing."""
import os
import pathlib
import sys

try:
    import numpy  # noqa: F401
except ImportError:
    print("skipped: needs python3-numpy")
    sys.exit(77)

ROOT = pathlib.Path(os.environ.get("BOURSE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
sys.path[:0] = [str(ROOT / "clients" / "python"), str(ROOT / "tests" / "e2e")]
GOLDEN = ROOT / "tests" / "golden"
