"""Which resources refer to which."""

from reconciler.live.resolve import references_of
from reconciler.redact.presented import present_references
from reconciler.report.graph import graph_json, graph_mermaid, graph_text
from tests.builders import CE, JD, JQ, SP, container, ec2, fair, queue, stack

STACK = stack(
    {
        (SP, "fair"): fair(),
        (CE, "spot"): ec2(),
        (JQ, "pricing"): queue("spot", "shared", schedulingPolicyArn="fair"),
        (JD, "simulate"): container(),
    }
)


def test_each_resource_stands_above_what_it_needs() -> None:
    assert graph_text(present_references(references_of(STACK))) == (
        "ComputeEnvironment/spot\n"
        "JobDefinition/simulate\n"
        "JobQueue/pricing\n"
        "    needs ComputeEnvironment/shared  (existing)\n"
        "    needs ComputeEnvironment/spot\n"
        "    needs SchedulingPolicy/fair\n"
        "SchedulingPolicy/fair\n"
    )


def test_a_diagram_tells_existing_resources_by_their_shape() -> None:
    assert graph_mermaid(present_references(references_of(STACK))) == (
        "graph LR\n"
        '  n0(["ComputeEnvironment<br/>shared"])\n'
        '  n1["ComputeEnvironment<br/>spot"]\n'
        '  n2["JobDefinition<br/>simulate"]\n'
        '  n3["JobQueue<br/>pricing"]\n'
        '  n4["SchedulingPolicy<br/>fair"]\n'
        "  n3 --> n0\n"
        "  n3 --> n1\n"
        "  n3 --> n4\n"
    )


def test_a_name_cannot_end_its_label() -> None:
    assert graph_mermaid(present_references(references_of(stack({(CE, 'a"] --> b'): ec2()})))) == (
        'graph LR\n  n0["ComputeEnvironment<br/>a#34;#93; --#62; b"]\n'
    )


def test_a_program_gets_the_same_edges() -> None:
    assert graph_json(present_references(references_of(STACK)))["resources"][2] == {
        "address": "JobQueue/pricing",
        "needs": ["ComputeEnvironment/shared", "ComputeEnvironment/spot", "SchedulingPolicy/fair"],
    }
