"""The instance types that exist: those of EC2 in the installed botocore, their families, and Batch's bundles."""

from collections.abc import Iterable
from functools import cache

from botocore.loaders import Loader

from reconciler.sandbox.answers import refuse_if

BUNDLES = ("optimal", "default_x86_64", "default_arm64")


def refuse_unknown_types(instance_types: Iterable[str]) -> None:
    """Refuse a type, family or bundle that does not exist, as CreateComputeEnvironment does at once.

    Seen in aws/amazon-genomics-cli issue 209 and Netflix/metaflow issue 70. The service's own list is that of the types
    which Batch starts in the region; which ones these are is published nowhere.
    """
    named = set(instance_types) - set(BUNDLES)
    if named:
        known = types_and_families()
        refuse_if(named - known, f"Instance type can only be one of [{', '.join(sorted((*BUNDLES, *known)))}]")


@cache
def types_and_families() -> frozenset[str]:
    types: list[str] = Loader().load_service_model("ec2", "service-2")["shapes"]["InstanceType"]["enum"]
    return frozenset(types) | {each.partition(".")[0] for each in types}
