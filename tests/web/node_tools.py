"""Finds Node and the page's packages, or ends the test as skipped with the reason."""
import os
import re
import shutil
import subprocess
import sys

SOURCE = os.environ.get("BOURSE_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIPPED = 77


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def require_packages(*names, node_least=18):
    """(path of node, path of node_modules) if they are there with all packages named."""
    node = shutil.which("node") or shutil.which("nodejs")
    if not node:
        skip("there is no node; apt-get install nodejs npm")
    version = int(re.match(r"v(\d+)", subprocess.run([node, "--version"], capture_output=True, text=True).stdout)[1])
    if version < node_least:
        skip(f"node {version} is older than {node_least}")
    modules = os.path.join(SOURCE, "clients/web/node_modules")
    for name in names:
        if not os.path.isdir(os.path.join(modules, name)):
            skip(f"clients/web/node_modules has no {name}; run npm ci in clients/web")
    return node, modules
