"""Objects in S3 by their URLs, for what one machine writes and another reads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError

from reconciler.model import Json
from reconciler.paging import S3, pages
from reconciler.ports import Cloud
from reconciler.problems import CloudError, Fault, WrongUsage

SCHEME = "s3://"


@dataclass(frozen=True, slots=True)
class Objects:
    """`cloud` is that of S3."""

    cloud: Cloud

    def put(self, url: str, content: bytes) -> None:
        self.cloud.call("PutObject", {**place_of(url), "Body": content})

    def read(self, url: str) -> Iterator[tuple[str, bytes]]:
        """Yield the object of a URL; of one that ends in a slash every JSON file below it, sorted."""
        place = place_of(url)
        keys = sorted(self._keys(place)) if url.endswith("/") else [str(place["Key"])]
        for key in keys:
            answer = self.cloud.call("GetObject", {"Bucket": place["Bucket"], "Key": key})
            yield f"{SCHEME}{place['Bucket']}/{key}", content_of(answer)

    def beginning(self, bucket: str, key: str, longest: int) -> bytes:
        """Return the first bytes of an object. Raises `CloudError`, with `InvalidRange` for an object without any."""
        request = {"Bucket": bucket, "Key": key, "Range": f"bytes=0-{longest - 1}"}
        return content_of(self.cloud.call("GetObject", request), longest)

    def _keys(self, place: Mapping[str, Json]) -> Iterator[str]:
        request = {"Bucket": place["Bucket"], "Prefix": place["Key"]}
        listed = pages(self.cloud, "ListObjectsV2", request, "Contents", S3)
        yield from (one["Key"] for one in listed if one["Key"].endswith(".json"))


def content_of(answer: Mapping[str, Json], longest: int | None = None) -> bytes:
    """Return what GetObject has found, or its first `longest` bytes. Raises `CloudError` where its end is lost."""
    try:
        content: bytes = answer["Body"].read(longest)
    except (BotoCoreError, OSError) as error:
        raise CloudError("GetObject", Fault.UNKNOWN, type(error).__name__, "the response was cut off") from error
    return content


def place_of(url: str) -> dict[str, Json]:
    """Return bucket and key as requests name them. Raises `WrongUsage`."""
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc or not parts.path.strip("/"):
        raise WrongUsage(f"{url} is not an S3 URL", hint="use a URL such as s3://bucket/folder/file.json")
    return {"Bucket": parts.netloc, "Key": parts.path.lstrip("/")}
