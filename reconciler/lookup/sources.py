"""Sources of look-ups: put together, or where AWS is not asked."""

import re
from dataclasses import dataclass
from hashlib import sha256

from reconciler.looked_up import Unknown
from reconciler.lookup import environment
from reconciler.ports import Lookups, Unsupported

PUBLISHED_IMAGE = re.compile(r"/aws/service/(.+/image_id|ami-(amazon-linux|windows)-latest/.+)")


@dataclass(frozen=True, slots=True)
class Sources:
    """Environment variables are at hand everywhere; all other look-ups are the cloud's."""

    environment: Lookups
    cloud: Lookups

    def find(self, tag: str, argument: str) -> str | list[str] | None:
        return (self.environment if tag == environment.TAG else self.cloud).find(tag, argument)


class Offline:
    """Nobody is asked: every value is unknown."""

    def find(self, tag: str, argument: str) -> Unknown:
        return Unknown.of(tag, argument)


class Forbidden:
    """Nobody may be asked: whoever needs it is told."""

    def find(self, tag: str, argument: str) -> str:
        message = f"!{tag} {argument} is needed, and --no-lookups keeps it from being looked up"
        raise Unsupported(message, "leave --no-lookups away, or use a variable")


class Sandbox:
    """The sandbox in the process has AWS Batch alone, and ids of images as AWS publishes them.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-ami.html; `image_id`:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html, and the pages of EKS
    (retrieve-ami-id) and Bottlerocket (ecs-bottlerocket-retrieve-ami)
    """

    def find(self, tag: str, argument: str) -> str:
        if tag == "ssm" and PUBLISHED_IMAGE.fullmatch(argument):
            return f"ami-{sha256(argument.encode()).hexdigest()[:17]}"
        hint = "`reconciler sandbox serve` answers it by moto: leave --sandbox away and set AWS_ENDPOINT_URL"
        raise Unsupported(f"the sandbox in this process does not answer !{tag}", hint)
