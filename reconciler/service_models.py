"""botocore's sessions, and what all of them in a process share, which takes longer to make than a call: the service
models, and the handlers that botocore registers itself.
"""

import os
from copy import copy
from functools import cache
from pathlib import Path

from botocore.hooks import HierarchicalEmitter
from botocore.loaders import Loader, create_loader
from botocore.session import Session


def new_session(profile: str | None = None) -> Session:
    """Return a session. It reads the AWS environment variables, and the user's AWS files."""
    return Session(event_hooks=copy(_builtin_handlers()), include_builtin_handlers=False, profile=profile)


def closed_session() -> Session:
    """Return a session with dummy credentials that reads neither AWS environment variables nor the user's AWS files."""
    session = new_session()
    variables = Session.SESSION_VARIABLES.items()
    session.session_var_map.update({name: (None, None, default, cast) for name, (_, _, default, cast) in variables})
    for file in ("config_file", "credentials_file"):
        session.set_config_variable(file, os.devnull)
    session.set_credentials("sandbox", "sandbox")
    return session


@cache
def _builtin_handlers() -> HierarchicalEmitter:
    handlers = HierarchicalEmitter()
    Session(event_hooks=handlers)
    return handlers


@cache
def model_loader(data_path: str | None = None) -> Loader:
    """Return the loader of a data path, which is a setting of the AWS configuration; without one, of botocore's own."""
    return _ModelLoader(create_loader(data_path).search_paths, include_default_search_paths=False)


class _ModelLoader(Loader):
    """botocore's loader; to find the model of one service, it does not look into the folders of all the others."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - a folder has models of any type
        folders = (Path(path) for path in self.search_paths)
        return sorted({inner.name for folder in folders if folder.is_dir() for inner in folder.iterdir()})
