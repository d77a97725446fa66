"""The one gate: format, lint, types, floors, tests. It proves the same each time.

`--fast` leaves the tests out. `--long` runs them for hours, in another order, on new examples, and kills at every call.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
WORKERS = (os.cpu_count() or 1) + 1  # some tests wait for processes: a core does not

CHECKS = (
    ("format", [BIN / "ruff", "format", "--check", "."]),
    ("lint", [BIN / "ruff", "check", "."]),
    ("types", [BIN / "mypy"]),
    ("floors", [BIN / "lint-imports"]),
    ("editors", [sys.executable, "-m", "tests.editors"]),
    ("tests", [BIN / "pytest", "-n", WORKERS]),
)
GATE = ["--randomly-seed=1"]  # one order
HASHES = {"PYTHONHASHSEED": "1"}  # of sets, too: examples are drawn from them
LONG = ["--hypothesis-profile=long", "--every-call"]


def main() -> int:
    failed = []
    environment = os.environ | ({} if "--long" in sys.argv else HASHES)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # the processes of tests would compile everything anew
    for name, command in CHECKS:
        if name in ("editors", "tests") and "--fast" in sys.argv:
            continue
        start = time.monotonic()
        print(f"== {name}", flush=True)
        more = () if name != "tests" else LONG if "--long" in sys.argv else GATE
        words = [str(part) for part in (*command, *more)]
        if subprocess.run(words, cwd=ROOT, env=environment, check=False).returncode:
            failed.append(name)
        print(f"== {name}: {time.monotonic() - start:.0f} s", flush=True)
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
