"""The sandbox's server in this process, and clients of it."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import boto3
from botocore.config import Config

from reconciler.model import Json
from reconciler.sandbox.core.service import Simulator
from reconciler.sandbox.server.http import sandbox_server

ONCE = Config(retries={"total_max_attempts": 1})


@contextmanager
def running(simulator: Simulator) -> Iterator[str]:
    """Serve a simulator, and yield its URL."""
    with sandbox_server(simulator, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            _forget_moto()


def client_of(url: str, service: str = "batch", region: str = "eu-west-1", key: str = "x", token: str = "") -> Json:
    return _session(key, token).client(service, region_name=region, endpoint_url=url, config=ONCE)


@cache
def _session(key: str, token: str) -> boto3.Session:
    return boto3.Session(aws_access_key_id=key, aws_secret_access_key="y", aws_session_token=token or None)


def _forget_moto() -> None:
    """Moto keeps what it holds in the process, if it was needed: the next server starts afresh."""
    held = sys.modules.get("moto.core.base_backend")
    for backends in held.BackendDict._instances if held else ():
        backends.reset()
