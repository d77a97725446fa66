"""Roles: the service-linked one that appears by itself, and the missing ones that make an environment INVALID."""

from collections.abc import Iterable, Mapping

from reconciler.model import Json, partition_of
from reconciler.sandbox.breakage import breakage_of
from reconciler.sandbox.store import Store
from reconciler.sandbox.world import AccountState

SERVICE_LINKED_PATH = "aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"
MISSING = ".missing-roles"

# Texts of the User Guide's troubleshooting page and of hashicorp/terraform-provider-aws issues 8549 and 11699.
NOT_AUTHORIZED = "CLIENT_ERROR - User: batch.amazonaws.com is not authorized to perform: sts:AssumeRole"


def service_linked_role(world: AccountState) -> str:
    return f"arn:{partition_of(world.region)}:iam::{world.account}:role/{SERVICE_LINKED_PATH}"


def role_arn(world: AccountState, role: str) -> str:
    """A bare name is taken to have the path `/`, whatever the role's real path is (CreateComputeEnvironment)."""
    return role if role.startswith("arn:") else f"arn:{partition_of(world.region)}:iam::{world.account}:role/{role}"


def is_service_linked(role: str) -> bool:
    return role.endswith(f":role/{SERVICE_LINKED_PATH}")


def set_missing(store: Store, account: str, roles: Iterable[str]) -> None:
    store.put(account, MISSING, "names", sorted({_name(role) for role in roles}))


def service_role_illness(world: AccountState, body: Mapping[str, Json]) -> str:
    """Return why Batch cannot act with the environment's service role, or nothing."""
    role = body.get("serviceRole", "")
    # A wrong path to the service-linked role is a role that does not exist (aws/aws-cdk issue 20727).
    misplaced = _name(role) == _name(SERVICE_LINKED_PATH) and not is_service_linked(role)
    return NOT_AUTHORIZED if misplaced or _is_missing(world, role) else ""


def illness(world: AccountState, body: Mapping[str, Json]) -> str:
    """Return why the environment cannot become VALID, or nothing."""
    resources = body.get("computeResources", {})
    profile, fleet = resources.get("instanceRole", ""), resources.get("spotIamFleetRole", "")
    if sick := service_role_illness(world, body):
        return sick
    if _is_missing(world, profile):
        return f"CLIENT_ERROR - Instance profile {profile} does not exist"
    if _is_missing(world, fleet):
        return "CLIENT_ERROR - Parameter: SpotFleetRequestConfig.IamFleetRole is invalid."
    return ""


def _is_missing(world: AccountState, role: str) -> bool:
    if not role:
        return False
    missing = (*world.account_fact(MISSING, "names", ()), *breakage_of(world.store).missing_roles)
    return _name(role) in map(_name, missing)


def _name(role: str) -> str:
    return role.rsplit("/", 1)[-1]
