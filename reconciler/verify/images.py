"""Container images in ECR: whether they exist, and are built for the processors that they would run on."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from reconciler.model import Json, Path
from reconciler.placeholders import withhold
from reconciler.placement.catalogue import ARM, X86
from reconciler.placement.needs import EC2, EKS, JobNeed, job_need
from reconciler.verify.asking import Inquiry, Key
from reconciler.verify.base import (
    NOT_JUDGED,
    Ask,
    Judgements,
    LiveCheck,
    Reference,
    Verified,
    fail,
    of_reply,
    unknown,
    warn,
)

# Of public and dual-stack endpoints (Amazon ECR User Guide, 'Registry authentication' and 'Dual-stack endpoints').
_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\."
    r"(?:amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)/(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?"
)
INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
LATEST = "latest"
# As manifests name processors (OCI Image Index Specification, after Go's GOARCH), and as EC2 does.
PROCESSORS = {"amd64": X86, "arm64": ARM}


class EcrImage(NamedTuple):
    """An image in ECR. Without tag and digest it is the one with the tag `latest`."""

    account: str
    region: str
    repository: str
    tag: str
    digest: str

    @classmethod
    def of(cls, text: str) -> "EcrImage | None":
        """Return what a name says of an image; None for one in a different registry."""
        found = _ECR.fullmatch(text)
        if found is None:
            return None
        tag, digest = found["tag"] or "", found["digest"] or ""
        return cls(found["account"], found["region"], found["repository"], tag or ("" if digest else LATEST), digest)

    @property
    def keys(self) -> Iterator[Key]:
        """The image that is pulled first: a digest counts before a tag."""
        for kind, value in (("imageDigest", self.digest), ("imageTag", self.tag)):
            if value:
                yield (self.account, self.repository, kind, value)


def _request(keys: Sequence[Key]) -> Mapping[str, Json]:
    account, repository, _, _ = keys[0]
    return {
        "registryId": account,
        "repositoryName": repository,
        "imageIds": [{kind: value} for _, _, kind, value in keys],
        "acceptedMediaTypes": [*INDEXES, *MANIFESTS],
    }


def _read(response: Mapping[str, Json], keys: Sequence[Key]) -> Mapping[Key, Json]:
    images = response.get("images") or ()
    return {key: image for key in keys for image in images if (image.get("imageId") or {}).get(key[2]) == key[3]}


ECR_IMAGE = Inquiry(
    noun="image",
    service="ecr",
    operation="BatchGetImage",
    request=_request,
    read=_read,
    together=lambda key: key[:2],
    most=100,  # imageIds of one call (BatchGetImage)
)


# Repositories of a registry that caches another one appear when an image is first pulled.
CACHE_RULES = Inquiry(
    noun="pull-through cache rules",
    service="ecr",
    operation="DescribePullThroughCacheRules",
    request=lambda keys: {"registryId": keys[0][0]},
    read=lambda response, keys: {keys[0]: response.get("pullThroughCacheRules") or []},
    listed="pullThroughCacheRules",
    marks=("nextToken", "nextToken"),
)
EVERY_REPOSITORY = "ROOT"  # the prefix of a rule for all repositories


def _image(reference: Reference, ask: Ask) -> Judgements:
    path, text = reference.path, str(reference.value)
    image = EcrImage.of(text)
    assert image is not None
    of, hint = reference.of, f"push it, or correct its name: {text}"
    replies = ask.all(ECR_IMAGE, list(image.keys), of.elsewhere(image.region))
    pulled, tagged = replies[0], replies[-1]
    if not pulled.is_found:
        name = f"image {image.repository}{'@' + image.digest if image.digest else ':' + image.tag}"
        is_foreign = image.account != of.identity.account
        if pulled.absent and is_foreign:  # its owner may show nothing of it to others
            yield unknown(path, f"{name} is not seen in account {image.account} ({pulled.absent})")
        elif pulled.absent:
            yield from _absent(path, image, f"{name} does not exist ({pulled.absent})", hint, ask, of)
        else:
            yield from of_reply(path, pulled, name, hint)
        return
    if image.digest and image.tag:
        actual = str((tagged.value or {}).get("imageId", {}).get("imageDigest", ""))
        if tagged.absent:
            yield warn(path, f"tag {image.tag} does not exist any more; the digest counts, which does")
        elif actual and actual != image.digest:
            yield warn(path, f"tag {image.tag} now names {actual}; the digest counts", f"write {actual}, or keep it")


def _absent(path: Path, image: EcrImage, message: str, hint: str, ask: Ask, of: Verified) -> Judgements:
    """What a registry fetches from a different one at the first pull may not be there yet."""
    rules = ask(CACHE_RULES, image.account, region=of.elsewhere(image.region))
    if not rules.is_found:
        yield unknown(
            path, f"{message}; whether it is cached from elsewhere: {rules.unknown or rules.absent}", rules.hint
        )
        return
    prefixes = [str(each.get("ecrRepositoryPrefix")) for each in rules.value]
    caching = [each for each in prefixes if each == EVERY_REPOSITORY or image.repository.startswith(f"{each}/")]
    if caching:
        yield unknown(path, f"{message}; the registry may fetch it at the first pull, by its rule for {caching[0]}")
    else:
        yield fail(path, message, hint)


def _is_in_ecr(reference: Reference) -> bool:
    return EcrImage.of(str(reference.value)) is not None


def _elsewhere(reference: Reference, _ask: Ask) -> Judgements:
    yield unknown(reference.path, f"{reference.value} is not in ECR: other registries are not asked")


def _platform(reference: Reference, ask: Ask) -> Judgements:
    """Compare the processors of an image with those of where the job may run."""
    path, image = reference.path, EcrImage.of(str(reference.value))
    wanted, is_meant = _processors(reference.of)
    assert image is not None
    if not wanted:
        yield NOT_JUDGED
        return
    reply = ask(ECR_IMAGE, *next(image.keys), region=reference.of.elsewhere(image.region))
    if not reply.is_found:
        yield NOT_JUDGED
        return
    hint = f"docker buildx build --platform {','.join(_platforms(wanted))}"
    built = _built_for(reply.value)
    if built is None:
        message = f"its manifest does not say for which processor it is built; the job runs on {_listed(wanted)}"
        yield unknown(path, message, f"push an image index: {hint}")
    elif not wanted & built:
        shown = _listed(built) or "no processor that AWS Batch has"
        yield fail(path, f"the image is built for {shown}, and the job runs on {_listed(wanted)}", hint)
    elif is_meant and wanted - built:
        missing = _listed(wanted - built)
        yield warn(path, f"the image is built for {_listed(built)}, and the job may run on {missing}, too", hint)


def _listed(processors: Iterable[str]) -> str:
    return " and ".join(sorted(processors))


def _platforms(processors: Iterable[str]) -> list[str]:
    names = {processor: name for name, processor in PROCESSORS.items()}
    return sorted(f"linux/{names[each]}" for each in processors if each in names)


def _built_for(image: Mapping[str, Json]) -> set[str] | None:
    """Return the processors that an image is built for; None if its manifest is of one platform, or not understood."""
    try:
        manifest = json.loads(image.get("imageManifest") or "{}")
    except ValueError:
        return None
    listed = manifest.get("manifests") if isinstance(manifest, Mapping) else None
    if not isinstance(listed, list):
        return None
    names = {str((each.get("platform") or {}).get("architecture")) for each in listed if isinstance(each, Mapping)}
    return {PROCESSORS[name] for name in names if name in PROCESSORS} if names - {"unknown", "None"} else None


def _processors(of: Verified) -> tuple[set[str], bool]:
    """Return the processors that a job may run on, and whether it is meant to run on each; none where not known."""
    need = job_need(withhold(of.body))
    if need.is_windows or not need.platform:
        return set(), False
    if need.platform not in (EC2, EKS):
        return {need.architecture or X86}, True
    runs_on = of.stack.declared[of.address].lifecycle.runs_on
    return of.of_stack(f"processors {need.platform} {runs_on}", lambda: _of_queues(of, need, runs_on))


def _of_queues(of: Verified, need: JobNeed, runs_on: Sequence[str]) -> tuple[set[str], bool]:
    queues = of.pool.queues_for(need, runs_on)
    offers = [offer for queue in queues for offer in queue.offers]
    if any(offer.why_unknown or offer.unknown or offer.platform != need.platform for offer in offers):
        return set(), False
    return {each for offer in offers for size in offer.every_size for each in size.type.architectures}, bool(
        runs_on
    ) or len(queues) == 1


IMAGES = (
    LiveCheck(
        id="image",
        kind="JobDefinition",
        fields=("image",),
        holds="exists",
        asks=(ECR_IMAGE, CACHE_RULES),
        judge=_image,
        applies=_is_in_ecr,
        fails="repository, tag or digest does not exist",
        warns="a tag beside a digest names a different image now",
        unknown="a registry of a different account shows nothing; a repository of a pull-through cache",
    ),
    LiveCheck(
        id="registry",
        kind="JobDefinition",
        fields=("image",),
        holds="is in ECR",
        asks=(),
        judge=_elsewhere,
        applies=lambda reference: not _is_in_ecr(reference),
        unknown="the image is in a registry other than ECR, which is not asked",
    ),
    LiveCheck(
        id="image-platform",
        kind="JobDefinition",
        fields=("image",),
        holds="is built for the processors that the job runs on",
        asks=(ECR_IMAGE,),
        judge=_platform,
        applies=_is_in_ecr,
        fails="an image index without any of the processors that the job runs on",
        warns="an image index without some of them",
        unknown="an image without an index: its manifest does not name a platform",
    ),
)
