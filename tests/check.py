"""The one gate: format, lint, types, floors, tests. It proves the same each time.

`--fast` leaves the tests out. `--long` runs them for hours, in another order, on new examples, and kills at every call.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
WORKERS = (os.cpu_count() or 1) + 1  # some tests wait for processes: a core does not

STATIC = (
    ("format", [BIN / "ruff", "format", "--check", "."]),
    ("lint", [BIN / "ruff", "check", "."]),
    ("types", [BIN / "mypy"]),
    ("floors", [BIN / "lint-imports"]),
)
# Collecting compiles what the processes of tests would otherwise compile once each.
SLOW = (
    ("collection", [BIN / "pytest", "--collect-only", "-q"]),
    ("editors", [sys.executable, "-m", "tests.editors"]),
)
TESTS = [BIN / "pytest", "-n", WORKERS]
GATE = ["--randomly-seed=1"]  # one order
HASHES = {"PYTHONHASHSEED": "1"}  # of sets, too: examples are drawn from them
LONG = ["--hypothesis-profile=long", "--every-call"]


def main() -> int:
    is_fast, is_long = ("--fast" in sys.argv), ("--long" in sys.argv)
    environment = os.environ | ({} if is_long else HASHES)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # the processes of tests would compile everything anew

    def passes(check: tuple[str, list[object]], output: int | None = subprocess.PIPE) -> bool:
        """Run a check, and print its name, its time and what it prints: as it comes, or in one piece if it fails."""
        name, command = check
        start = time.monotonic()
        words = [str(part) for part in command]
        ended = subprocess.run(words, cwd=ROOT, env=environment, stdout=output, stderr=output, text=True, check=False)
        printed = f"{ended.stdout}{ended.stderr}" if ended.returncode and output else ""
        print(f"{printed}== {name}: {time.monotonic() - start:.0f} s", flush=True)
        return not ended.returncode

    checks = [*STATIC, *(() if is_fast else SLOW)]
    with ThreadPoolExecutor(os.cpu_count()) as side_by_side:
        failed = [
            name for (name, _), passed in zip(checks, side_by_side.map(passes, checks), strict=True) if not passed
        ]
    if not is_fast and not passes(("tests", [*TESTS, *(LONG if is_long else GATE)]), output=None):
        failed.append("tests")
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
