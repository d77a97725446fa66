"""Texts that are secrets by their looks, whatever they are called."""

import pytest

from reconciler.placeholders import is_secret_text

LONG = "a1B2" * 10


@pytest.mark.parametrize(
    "text",
    [
        "postgres://user:hunter2@host/db",
        "-----BEGIN RSA PRIVATE KEY-----",
        f"ghp_{LONG}",
        f"token=gho_{LONG}",
        f"github_pat_{LONG}",
        f"glpat-{LONG}",
        f"xoxb-{LONG}",
        "AKIAIOSFODNN7EXAMPLE",
        f"npm_{LONG[:36]}",
        f"pypi-{LONG}{LONG}",
        f"sk_live_{LONG}",
        f"hf_{LONG}",
        f"eyJ{LONG}.eyJ{LONG}.{LONG}",
    ],
)
def test_a_token_is_known_by_its_form(text: str) -> None:
    assert is_secret_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://host/path@1",
        "s3://bucket/key",
        "repo/app@sha256:" + "0f" * 32,
        "ghp_short",
        "npm_config_cache",
        "AKIA",
        "eyJ.eyJ.",
        "0123456789abcdef" * 3,
    ],
)
def test_an_ordinary_text_is_no_token(text: str) -> None:
    assert not is_secret_text(text)
