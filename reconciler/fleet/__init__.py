"""Where stacks go: one file names the stacks of a repository and the accounts and regions that each is for."""

from reconciler.fleet.choose import Shard, chosen, differing
from reconciler.fleet.read import read_excluded, read_fleet
from reconciler.fleet.rivals import Claim, rivals
from reconciler.fleet.target import Consents, FleetTarget

__all__ = ["Claim", "Consents", "FleetTarget", "Shard", "chosen", "differing", "read_excluded", "read_fleet", "rivals"]
