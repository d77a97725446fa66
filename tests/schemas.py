"""The files of `schemas/`, from the tables, the reports and the installed botocore: `python -m tests.schemas --update` writes them."""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from botocore.loaders import Loader

from reconciler.kinds import SECTIONS
from reconciler.model import Json
from reconciler.report.schemas import PUBLISHED
from reconciler.schema import rendered, schemas
from reconciler.schema.services import SERVICES_BESIDE, joined_model

FOLDER = Path(__file__).parents[1] / "schemas"


@cache
def model() -> Mapping[str, Json]:
    """Return botocore's service models of all kinds, as one."""
    load = Loader().load_service_model
    others = {service: load(service, "service-2") for service in SERVICES_BESIDE}
    return joined_model(load("batch", "service-2"), others)


@cache
def current() -> Mapping[str, str]:
    """Return what the files should hold, by name."""
    found = {**schemas(SECTIONS.values(), model()), **{f"{name}.schema.json": one for name, one in PUBLISHED.items()}}
    return {name: rendered(schema) for name, schema in found.items()}


def stale() -> list[str]:
    """Return the names of files that are missing, different, or left over."""
    there = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.json")}
    return sorted(name for name in there.keys() | current().keys() if there.get(name) != current().get(name))


def update() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in stale():
        if name in current():
            (FOLDER / name).write_text(current()[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()


if __name__ == "__main__":
    print("\n".join(stale()) or "all schemas are current")
    if "--update" in sys.argv:
        update()
    else:
        sys.exit(bool(stale()))
