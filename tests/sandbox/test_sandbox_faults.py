"""Faults on demand, the recorder, and threads."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.problems import CloudError, Fault
from reconciler.sandbox.core.faults import Failure, FaultRule


def outcomes(lab, operation, times, **request):
    def one():
        try:
            lab.call(operation, **request)
        except CloudError as error:
            return (error.fault, error.code)
        return "done"

    return [one() for _ in range(times)]


THROTTLED = (Fault.THROTTLED, "TooManyRequestsException")


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"first": 2}, [THROTTLED, THROTTLED, "done", "done"]),
        ({"nth": 2}, ["done", THROTTLED, "done", "done"]),
        ({"every": 2}, ["done", THROTTLED, "done", THROTTLED]),
        ({}, [THROTTLED] * 4),
    ],
)
def test_a_rule_chooses_which_calls_fail(make_lab, when, expected):
    lab = make_lab(rules=(FaultRule(failure=Failure.THROTTLE, **when),))
    assert outcomes(lab, "DescribeJobQueues", 4) == expected


def test_a_rule_counts_only_the_operations_it_names(make_lab):
    lab = make_lab(rules=(FaultRule(failure=Failure.SERVER_ERROR, operation="Create*", first=1),))
    assert outcomes(lab, "DescribeJobQueues", 1) == ["done"]
    expected = [(Fault.UNKNOWN, "ServerException"), "done"]
    assert outcomes(lab, "CreateSchedulingPolicy", 2, name="fair") == expected


def test_a_throttled_call_does_nothing(make_lab):
    lab = make_lab(rules=(FaultRule(failure=Failure.THROTTLE, operation="Register*"),))
    outcomes(lab, "RegisterJobDefinition", 1, **lab.container())
    assert lab.see_definition("render") is None


def test_a_lost_answer_leaves_the_work_done(make_lab):
    lab = make_lab(rules=(FaultRule(failure=Failure.LOST_ANSWER, operation="Register*", first=1),))
    lost = outcomes(lab, "RegisterJobDefinition", 1, **lab.container())
    assert lost == [(Fault.UNKNOWN, "ConnectionClosedError")]
    assert lab.see_definition("render")["revision"] == 1
    assert lab.call("RegisterJobDefinition", **lab.container())["revision"] == 2


def test_latency_passes_on_the_clock(make_lab):
    lab = make_lab(rules=(FaultRule(failure=Failure.LATENCY, seconds=2.5),))
    before = lab.clock.now()
    lab.call("DescribeJobQueues")
    assert lab.clock.now() - before == 2.5


def test_every_call_is_recorded_with_its_request_failed_ones_too(make_lab):
    lab = make_lab(rules=(FaultRule(failure=Failure.THROTTLE, nth=2),))
    outcomes(lab, "DescribeJobQueues", 2, jobQueues=["a"])
    outcomes(lab, "DeleteJobQueue", 1)
    arn = "arn:aws:batch:us-east-1:123456789012:job-queue/a b"
    outcomes(lab, "UntagResource", 1, resourceArn=arn, tagKeys=["x", "y"])
    assert lab.simulator.calls == [
        ("DescribeJobQueues", {"jobQueues": ["a"]}),
        ("DescribeJobQueues", {"jobQueues": ["a"]}),
        ("DeleteJobQueue", {}),
        ("UntagResource", {"resourceArn": arn, "tagKeys": ["x", "y"]}),
    ]


def test_threads_never_get_the_same_revision(lab):
    with ThreadPoolExecutor(16) as pool:
        answers = pool.map(lambda _: lab.call("RegisterJobDefinition", **lab.container())["revision"], range(200))
        assert sorted(answers) == list(range(1, 201))


def test_a_refusal_has_one_request_id_in_its_message_and_beside_it(lab):
    with pytest.raises(CloudError) as caught:
        lab.call("DeleteJobQueue", jobQueue="nobody")
    assert caught.value.message.endswith(f"RequestId: {caught.value.request_id}")


def test_each_failure_has_a_request_id_of_its_own(make_lab):
    lab = make_lab(rules=(FaultRule(failure=Failure.SERVER_ERROR),))
    ids = set()
    for _ in range(3):
        with pytest.raises(CloudError) as caught:
            lab.call("DescribeJobQueues")
        ids.add(caught.value.request_id)
    assert len(ids - {""}) == 3
