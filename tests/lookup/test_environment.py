"""`!env`."""

import os

import pytest

from reconciler.lookup.environment import Environment
from reconciler.ports import Unsupported


def test_a_variable_of_the_environment_is_found() -> None:
    assert Environment({"HOME": "/root"}).find("env", "HOME") == "/root"


def test_an_unset_variable_is_none() -> None:
    assert Environment({}).find("env", "HOME") is None


def test_other_tags_are_not_supported() -> None:
    with pytest.raises(Unsupported):
        Environment({}).find("ssm", "/x")


def test_without_an_argument_it_is_the_environment_of_the_process() -> None:
    assert Environment().find("env", "PATH") == os.environ.get("PATH")
