"""Where stacks go: one file names the stacks of a repository and the accounts and regions that each is for."""

from reconciler.fleet.file import read_excluded, read_fleet
from reconciler.fleet.target import Claim, Consents, FleetTarget, Shard, chosen, differing, rivals

__all__ = ["Claim", "Consents", "FleetTarget", "Shard", "chosen", "differing", "read_excluded", "read_fleet", "rivals"]
