"""What always holds of verdicts, whatever a job asks for and an environment offers."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import Spec
from reconciler.placement.catalogue import InstanceType, catalogue
from reconciler.placement.verdicts import BEST_FIRST, Feasibility, Verdict
from tests.placement.bodies import environment, job, on_eks, pod, verdict

KNOWN = sorted(name for name, each in catalogue().types.items() if each.vcpus is not None)
WORDS = st.one_of(st.sampled_from(KNOWN), st.sampled_from(["c5", "g4dn", "m6g", "optimal", "default_arm64", "p3"]))
TYPES = st.lists(WORDS, min_size=1, max_size=3, unique=True)
VCPUS = st.integers(1, 200)
MEMORY = st.one_of(st.integers(4, 800_000), st.sampled_from([2**power for power in range(9, 20)]))
GPUS = st.integers(0, 9)
MORE = st.integers(0, 64)
MOST = st.integers(0, 512)


def rank(found: Verdict) -> int:
    """Return how good a verdict is: 0 is the best."""
    return BEST_FIRST.index(found.outcome)


def on(eks: bool, vcpus: int, memory: int, gpus: int) -> Spec:
    limits = {"cpu": str(vcpus), "memory": f"{memory}Mi", **({"nvidia.com/gpu": str(gpus)} if gpus else {})}
    return pod(limits) if eks else job(vcpus, memory, gpus)


@given(TYPES, VCPUS, MEMORY, GPUS, MOST, MORE, MORE, st.booleans())
def test_asking_for_more_never_improves_a_verdict(
    types: list[str], vcpus: int, memory: int, gpus: int, most: int, more: int, gpus_more: int, eks: bool
) -> None:
    of = {**environment(*types, most=most), **({"eksConfiguration": {}} if eks else {})}
    of = on_eks(*types) if eks else of
    before = verdict(on(eks, vcpus, memory, gpus), of)
    for larger in ((vcpus + more, memory, gpus), (vcpus, memory + more * 512, gpus), (vcpus, memory, gpus + gpus_more)):
        assert rank(verdict(on(eks, *larger), of)) >= rank(before)


@given(TYPES, TYPES, VCPUS, MEMORY, GPUS, MOST, MORE)
def test_offering_more_never_worsens_a_verdict(
    types: list[str], others: list[str], vcpus: int, memory: int, gpus: int, most: int, more: int
) -> None:
    body = job(vcpus, memory, gpus)
    before = verdict(body, environment(*types, most=most))
    assert rank(verdict(body, environment(*types, *others, most=most))) <= rank(before)
    assert rank(verdict(body, environment(*types, most=most + more))) <= rank(before)


@given(TYPES, VCPUS, MEMORY, GPUS)
def test_an_unknown_type_never_yields_never(types: list[str], vcpus: int, memory: int, gpus: int) -> None:
    body = job(vcpus, memory, gpus)
    assert verdict(body, environment(*types, "m99.large", most=10**6)).outcome is not Feasibility.NEVER


@given(st.sampled_from(KNOWN), VCPUS, MEMORY, GPUS)
def test_the_witness_has_what_the_job_asks_for(name: str, vcpus: int, memory: int, gpus: int) -> None:
    found = verdict(job(vcpus, memory, gpus), environment(name, most=10**6))
    each = catalogue().types[name]
    if found.outcome in (Feasibility.FITS, Feasibility.TIGHT):
        assert found.instance_type == name
        assert vcpus <= (each.vcpus or 0)
        assert memory < (each.memory or 0)
        assert gpus <= (each.gpus or 0)


@given(st.integers(1, 200), st.integers(1024, 10**6), VCPUS, MEMORY)
def test_a_type_that_is_described_is_known(vcpus: int, memory: int, asked: int, wanted: int) -> None:
    described = InstanceType("m99.large", vcpus, memory, 0, ("x86_64",), 29)
    types = catalogue().with_types([described])
    found = verdict(job(asked, wanted), environment("m99.large", most=10**6), types)
    assert found.outcome is not Feasibility.UNKNOWN
    assert (found.outcome is Feasibility.NEVER) == (asked > vcpus or wanted > memory - 32)
    larger = catalogue().with_types([replace(described, vcpus=vcpus + 1, memory=memory + 64)])
    assert rank(verdict(job(asked, wanted), environment("m99.large", most=10**6), larger)) <= rank(found)
