"""Options and fixtures for all tests."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import botocore.session
import pytest

from reconciler.sandbox.core import service
from tests import laws
from tests.live_jobs import LiveJobs

laws.register()

# A session reads the service models anew, for longer than most tests take. They change nothing in them.
botocore.session.create_loader = cache(botocore.session.create_loader)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the golden files instead of comparing with them")
    parser.addoption(
        "--every-call",
        action="store_true",
        help="strike at every call of a run and in every body, not at a sample of them",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--every-call"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="runs with --every-call"))


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> LiveJobs:
    """The jobs that every simulator tells of."""
    listing = LiveJobs()
    monkeypatch.setitem(service.OPERATIONS, "ListJobs", listing)
    return listing


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the file of this name in the folder `golden` beside the test."""

    def check(name: str, text: str) -> None:
        file = Path(request.node.path).parent / "golden" / name
        if request.config.getoption("--update"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return check
