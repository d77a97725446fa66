"""Sources of look-ups: put together, or where AWS is not asked."""

import re
from dataclasses import dataclass, field
from hashlib import sha256

from reconciler.adapters.lookup import environment
from reconciler.adapters.lookup.states import FILE, States, fetch_file
from reconciler.model import Json, StatePlace
from reconciler.placeholders import Unknown
from reconciler.ports import Lookups, Unsupported

STATE = "tfstate"

PUBLISHED_IMAGE = re.compile(r"/aws/service/(.+/image_id|ami-(amazon-linux|windows)-latest/.+)")


@dataclass(frozen=True, slots=True)
class Sources:
    """Environment variables are at hand everywhere; all other look-ups are the cloud's."""

    environment: Lookups
    cloud: Lookups

    def find(self, tag: str, argument: str) -> str | list[str] | None:
        return (self.environment if tag == environment.TAG else self.cloud).find(tag, argument)

    def find_in_state(self, argument: str, place: StatePlace) -> Json:
        return self.cloud.find_in_state(argument, place)


class Offline:
    """Nobody is asked: every value is unknown."""

    def find(self, tag: str, argument: str) -> Unknown:
        return Unknown.of(tag, argument)

    def find_in_state(self, argument: str, _place: StatePlace) -> Unknown:
        return Unknown.of(STATE, argument)


class ForbiddenLookups:
    """Nobody may be asked: whoever needs it is told."""

    def find(self, tag: str, argument: str) -> str:
        message = f"!{tag} {argument} is required, but --no-lookups is set"
        raise Unsupported(message, "drop --no-lookups, or use a variable")

    def find_in_state(self, argument: str, _place: StatePlace) -> str:
        return self.find(STATE, argument)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The sandbox in the process has AWS Batch alone, ids of images as AWS publishes them, and states in files.

    What only other services could answer is unknown.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-ami.html; `image_id`:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html, and the pages of EKS
    (retrieve-ami-id) and Bottlerocket (ecs-bottlerocket-retrieve-ami)
    """

    states: States = field(default_factory=lambda: States({FILE: fetch_file}))

    def find_in_state(self, argument: str, place: StatePlace) -> Json:
        if place.scheme == FILE:
            return self.states.find(argument, place)
        served = "only `reconciler sandbox serve` simulates S3: drop --sandbox and set AWS_ENDPOINT_URL"
        hint = served if place.scheme == "s3" else "use a file with the output of `terraform output -json`"
        raise Unsupported(f"the in-process sandbox cannot read {place.url}", hint)

    def find(self, tag: str, argument: str) -> str:
        if tag == "ssm" and PUBLISHED_IMAGE.fullmatch(argument):
            return f"ami-{sha256(argument.encode()).hexdigest()[:17]}"
        return Unknown.of(tag, argument)
