"""The service models of botocore. All sessions of a process share them: to read one takes longer than a call."""

from functools import cache
from pathlib import Path

from botocore.loaders import Loader, create_loader


@cache
def model_loader(data_path: str | None = None) -> Loader:
    """Return the loader of a data path, which is a setting of the AWS configuration; without one, of botocore's own."""
    return _ModelLoader(create_loader(data_path).search_paths, include_default_search_paths=False)


class _ModelLoader(Loader):
    """botocore's loader; to find the model of one service, it does not look into the folders of all the others."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - a folder has models of any type
        folders = (Path(path) for path in self.search_paths)
        return sorted({inner.name for folder in folders if folder.is_dir() for inner in folder.iterdir()})
