"""Deployments: a file that names stacks, accounts and regions in; the targets that a command chooses out.

`file` reads `reconciler.yaml`, with every problem at its place. `target` chooses targets by environment, stack, change
or share, finds those that would own the same resources, and compares two of them as one plan.

Always: targets keep the order of the file, and a share of them depends on nothing but their identity. Not here: the
files of stacks (`load`), git and the disk (`adapters`), running targets side by side (`cli.fleet`).
"""

from reconciler.fleet.file import read_excluded, read_fleet
from reconciler.fleet.target import (
    Claim,
    Consents,
    FleetTarget,
    Shard,
    changed_targets,
    choose_targets,
    duplicate_targets,
)

__all__ = [
    "Claim",
    "Consents",
    "FleetTarget",
    "Shard",
    "changed_targets",
    "choose_targets",
    "duplicate_targets",
    "read_excluded",
    "read_fleet",
]
