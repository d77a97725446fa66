"""`!tfstate`: values of Terraform's states in S3, behind HTTP, or in files of the repository. Each is read once."""

import errno
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.adapters.machine import GIT, is_hidden, read_whole
from reconciler.model import Json, StatePlace
from reconciler.ports import Missing
from reconciler.problems import CloudError, Fault, Stopped

if TYPE_CHECKING:
    from reconciler.tfstate import TerraformState

LARGEST = 64 * 2**20  # bytes; states have a few MiB at most
FILE = ""  # the scheme of what is no URL
PATH_HINT = "the path is relative to the file that contains it, and must stay in the repository"
SIZE_HINT = "use a file that contains only a state, or the output of `terraform output -json`"
# What S3 answers to GetObject.
NO_OBJECT, NO_BUCKET, NOTHING_THERE = "NoSuchKey", "NoSuchBucket", "InvalidRange"
WRONG_REGION = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException")
REGION_HINT = "the bucket is in a different region: write `{url: s3://bucket/key, region: REGION}`"
WORKSPACE = "check the key: the state of a workspace is at env:/WORKSPACE/KEY"

Fetch = Callable[[StatePlace], bytes]
Failure = Missing | CloudError | Stopped


@dataclass(frozen=True, slots=True)
class States:
    """`fetch` reads a state by the scheme of its place; with `FILE` alone, nothing leaves the machine."""

    fetch: Mapping[str, Fetch]
    read: "dict[StatePlace, TerraformState | Failure]" = field(default_factory=dict)

    def find(self, argument: str, place: StatePlace) -> Json:
        """Return the value of `state:address`. Raises `Missing`, `CloudError`, `Stopped`: what failed fails again."""
        from reconciler.tfstate import find_value, parse_address  # noqa: PLC0415 - few stacks look into states

        if place not in self.read:
            self.read[place] = self._state(place)
        state = self.read[place]
        if isinstance(state, Failure):
            raise state
        return find_value(state, parse_address(argument.partition(":")[2]))

    def _state(self, place: StatePlace) -> "TerraformState | Failure":
        from reconciler.tfstate import NotAState, parse_state  # noqa: PLC0415

        try:
            content = self.fetch[place.scheme](place)
            if len(content) > LARGEST:
                return Missing(f"{shown(place)} is larger than {LARGEST // 2**20} MiB", SIZE_HINT)
            return parse_state(content)
        except NotAState as error:
            return Missing(f"{shown(place)} {error}", error.hint)
        except (Missing, CloudError, Stopped) as error:
            return error


def shown(place: StatePlace) -> str:
    return place.url if place.scheme else os.path.normpath(Path(place.folder, place.url))


def fetch_file(place: StatePlace) -> bytes:
    """Return the content of a file in the repository of the stack's folder, or in that folder. Raises `Missing`."""
    name = shown(place)
    root = _root(place.folder)
    try:
        path = Path(os.path.realpath(Path(place.folder, place.url)))
        if not path.is_relative_to(root):
            raise Missing(f"{name} is outside {root.name or root}/", PATH_HINT)
        if is_hidden(path.relative_to(root)):
            raise Missing(f"{name} is a hidden file", "use a file that does not begin with a dot")
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would keep us waiting for its writer
            raise Missing(f"{name} is not a regular file", PATH_HINT)
        return read_whole(path, LARGEST)
    except FileNotFoundError as error:
        hint = "write it with `terraform state pull` or `terraform output -json`, or correct the path"
        raise Missing(f"the file {name} does not exist", hint) from error
    except OSError as error:
        hint = SIZE_HINT if error.errno == errno.EFBIG else PATH_HINT
        raise Missing(f"{name} cannot be read: {error.strerror or error}", hint) from error


def _root(folder: str) -> Path:
    """Return the repository that a folder is in, after all links; the folder itself where there is none."""
    real = Path(os.path.realpath(folder))
    return next((above for above in (real, *real.parents) if (above / GIT).exists()), real)


def fetch_object(place: StatePlace, get: Fetch) -> bytes:
    """Return an object of S3, as `get` reads it. Raises `Missing` where there is none, and `CloudError`."""
    try:
        return get(place)
    except CloudError as error:
        if error.code == NOTHING_THERE:
            return b""
        if error.code == NO_OBJECT:
            raise Missing(f"the object {place.url} does not exist", WORKSPACE) from error
        if error.code == NO_BUCKET:
            raise Missing(f"the bucket {place.bucket} does not exist", "check the name of the bucket") from error
        if error.code in WRONG_REGION:
            raise replace(error, hint=REGION_HINT) from error
        if error.fault is Fault.DENIED and error.operation == "GetObject" and "AccessDenied" in error.code:
            raise _denied(error, place) from error
        raise


def _denied(error: CloudError, place: StatePlace) -> CloudError:
    """Without s3:ListBucket, S3 denies a missing object, too (S3 API Reference, GetObject, "Permissions")."""
    who = place.role_arn or "the caller"
    action = "kms:Decrypt on its key" if "kms:" in error.message.lower() else f"s3:GetObject on {place.url}"
    also = "" if "kms:" in error.message.lower() else ", and s3:ListBucket to check that it exists"
    return replace(error, hint=f"{who} needs the permission {action}{also}")
