"""States of Terraform behind its `http` backend, as `terraform_remote_state` reads them: one GET.

Credentials are those of the backend's own environment variables, never of a file: TF_HTTP_USERNAME, TF_HTTP_PASSWORD.
They go to the host of the state alone and, where TF_HTTP_ADDRESS is set, only if that is on the same host.
https://developer.hashicorp.com/terraform/language/backend/http
"""

from collections.abc import Mapping

import urllib3

from reconciler.adapters.forge.http import Gone, Http, checked_url, origin_of, plain
from reconciler.ports import Clock, Missing
from reconciler.problems import CloudError, Denied, Fault, WrongUsage

USERNAME, PASSWORD, ADDRESS = "TF_HTTP_USERNAME", "TF_HTTP_PASSWORD", "TF_HTTP_ADDRESS"
NO_STATE = "check the address, and the name of the state or workspace"
PINNED = f"{USERNAME} and {PASSWORD} are sent only to the host of {ADDRESS}"
UNSET = f"set {USERNAME} and {PASSWORD}"


def fetch_state(url: str, clock: Clock, environment: Mapping[str, str], largest: int) -> bytes:
    """Return what is at a URL, at most one byte more than the `largest` number of bytes; nothing where no state is yet.

    Raises `Missing`, `CloudError` where it is denied, `WrongUsage` and `Stopped`.
    """
    credentials, pinned = _credentials(url, environment)
    http = Http(
        f"the state {url}",
        clock,
        {"Accept": "application/json", **_authorization(credentials)},
        secrets=(environment.get(PASSWORD, ""),),
        largest=largest,
    )
    try:
        return http.send("GET", url).content
    except Gone as error:
        raise Missing(f"the state {url} does not exist", NO_STATE) from error
    except Denied as error:
        hint = PINNED if pinned else f"check {USERNAME} and {PASSWORD}" if credentials else UNSET
        raise CloudError("GET", Fault.DENIED, "Denied", error.message, hint=hint) from error


def _credentials(url: str, environment: Mapping[str, str]) -> tuple[tuple[str, ...], bool]:
    """Return user and password for a URL, if there are any, and whether there are some for a different host.

    The author of a change chooses the URL: whoever sets TF_HTTP_ADDRESS decides which host gets the credentials.
    """
    given = {name: environment.get(name, "") for name in (USERNAME, PASSWORD)}
    if not any(given.values()):
        return (), False
    for name, value in given.items():
        if plain(value) != value:
            raise WrongUsage(f"{name} contains a space, a line break or a character outside ASCII", hint="set it again")
    address = environment.get(ADDRESS, "")
    if address and origin_of(checked_url(address, ADDRESS)) != origin_of(checked_url(url, "the state")):
        return (), True
    return tuple(given.values()), False


def _authorization(credentials: tuple[str, ...]) -> Mapping[str, str]:
    return urllib3.make_headers(basic_auth=":".join(credentials)) if credentials else {}
