"""Lists that come in pages, to their end: a server that never comes to one is an error, and no reason to go on."""

from collections.abc import Iterator, Mapping

from reconciler.model import Json
from reconciler.ports import Cloud
from reconciler.problems import CloudError, Fault

BATCH = ("nextToken", "nextToken")
CLOUDFORMATION = ("NextToken", "NextToken")
S3 = ("ContinuationToken", "NextContinuationToken")
Item = Mapping[str, Json]
# Pages in a row that bring nothing new. A filtered page may be empty, with more behind it: with 100 entries a page,
# this passes over 50,000 of them.
BARREN = 500
NAMING = ("Arn", "Id", "Name", "Key")  # how the members end that say which entry it is, in all lists that are read


def pages(
    cloud: Cloud,
    operation: str,
    request: Mapping[str, Json],
    result: str,
    marks: tuple[str, str] = BATCH,
) -> Iterator[Item]:
    """Yield the entries of all pages. `marks` are the members that ask for the next page, and that name it.

    Raises `CloudError`, also where a token comes twice, or page after page brings nothing.
    """
    asked: dict[str, Json] = {}
    seen: set[str] = set()
    known: set[tuple[Json, ...]] = set()
    barren = 0
    while True:
        page = cloud.call(operation, {**request, **asked})
        items = page.get(result) or ()
        yield from items
        new = {_name_of(item) for item in items} - known
        known |= new
        following = page.get(marks[1])
        if not following:
            return
        barren = 0 if new else barren + 1
        if following in seen or barren == BARREN:
            why = "the same page is offered again" if following in seen else f"{BARREN} pages in a row brought nothing"
            hint = "is that AWS? Check AWS_ENDPOINT_URL and the proxy"
            raise CloudError(operation, Fault.UNKNOWN, "EndlessPages", f"the list has no end: {why}", hint=hint)
        seen.add(following)
        asked = {marks[0]: following}


def _name_of(item: Item) -> tuple[Json, ...]:
    """Return what tells an entry from all others, whatever else of it changes while the pages are read."""
    return tuple(value for member, value in sorted(item.items()) if member.endswith(NAMING) and isinstance(value, str))
