"""Live resources as a source: what a region has, or what `aws batch describe-*` printed."""

from reconciler.adopt.found import ImportedResource
from reconciler.kinds import KINDS
from reconciler.model import Live
from reconciler.ownership import users_tags
from reconciler.ports import Takes
from reconciler.problems import Where
from reconciler.sendable import taken


def found_live(live: Live, takes: Takes, where: Where | None = None) -> ImportedResource:
    """Return a live resource without what only a description has. Empties stay: few mean something, `emptyDir: {}`."""
    body = taken(KINDS[live.address.kind], live.spec, takes)
    tags = users_tags(live.tags)
    return ImportedResource(live.address, {**body, "tags": tags} if tags else body, where=where)
