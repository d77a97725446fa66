"""Fetch the YAML language server that the tests beside this file drive: `python -m tests.editors`.

Without npm, or where its registry cannot be reached, that is said, and those tests are skipped.
"""

import shutil
import subprocess

from tests.editors.server import FOLDER, PACKAGE, PROGRAM, VERSION

WANTED = f"{PACKAGE}@{VERSION}"
QUICKLY = ("--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=0", "--fetch-timeout=30000")


def main() -> None:
    npm = shutil.which("npm")
    if is_there():
        print(f"{WANTED} is there")
    elif npm is None:
        print(f"there is no npm: the tests with {PACKAGE} are skipped")
    elif subprocess.run([npm, "install", "--prefix", FOLDER, *QUICKLY, WANTED], check=False).returncode:
        print(f"npm could not fetch {WANTED}: the tests with it are skipped")


def is_there() -> bool:
    manifest = PROGRAM.parents[1] / "package.json"
    return manifest.is_file() and f'"version": "{VERSION}"' in manifest.read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
