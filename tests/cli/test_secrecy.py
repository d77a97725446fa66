"""What is secret is in no output and no saved plan: by declaration, by its name, or by how it looks."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.adapters.aws.cloud import AwsCloud
from reconciler.model import Json
from reconciler.problems import CloudError, Fault
from tests.cli.conftest import Ran, Run, write

BODY = """\
    type: container
    parameters: {a: !var V, b: !sub 'before ${V} after', c: plain}
    tags: {owner: !var V}
    retryStrategy: {attempts: 2}
    containerProperties:
      image: busybox
      vcpus: 1
      memory: 512
      command: [echo, !var V, !sub '--pin=${V}']
      environment: [{name: PIN, value: !var V}, {name: URL, value: !sub 'x://h/${V}'}]
      logConfiguration: {logDriver: awslogs, options: {awslogs-stream-prefix: !var V}}
"""
BROKEN = """\
jobQueues:
  q: {priority: !var V, state: !sub 'is-${V}', computeEnvironmentOrder: [!var V]}
jobDefinitions:
  bad: {type: !var V, containerProperties: {image: !var V, vcpus: !sub '${V}x', memory: !var V}}
rules: {disable: {JD404: !sub 'because of ${V}'}}
"""
FORMATS = ("text", "json", "markdown", "html", "github")


@dataclass(frozen=True)
class Kept:
    """A variable that is secret, the value that it is given, and what of that nobody may see."""

    declared: str
    given: str
    hidden: str


WAYS = {
    "declared": Kept("pw: {type: string, secret: true}", "hunter22", "hunter22"),
    "by its name": Kept("db_password: {type: string}", "hunter22", "hunter22"),
    "by its name, in the short form": Kept("apiToken: tok-default", "hunter22", "hunter22"),
    "a default": Kept("db_password: {default: hunter22}", "", "hunter22"),
    "an example": Kept("db_password: {example: hunter22}", "", "hunter22"),
    "by its looks": Kept("dsn: {type: string}", "postgres://u:hunter22@host/db", "hunter22"),
    "a number by its name": Kept("api_token: {type: integer}", "82734911", "82734911"),
    "a number as it was written": Kept("db_password: {type: number}", "8273.4910", "8273.491"),
    "short": Kept("pin: {type: string, secret: true}", "q7z", "q7z"),
    "with a line break": Kept('pw: {secret: true, default: "hunter22\\nlast-line-of-it"}', "", "last-line-of-it"),
}  # fmt: skip


def named(kept: Kept) -> str:
    return kept.declared.partition(":")[0]


def stack(kept: Kept, rest: str = f"jobDefinitions:\n  jd:\n{BODY}") -> str:
    text = f"stack: small\nvariables: {{{kept.declared}}}\n{rest}"
    return text.replace("${V}", f"${{{named(kept)}}}").replace("!var V", f"!var {named(kept)}")


def state() -> str:
    return Path(".reconciler", "sandbox.json").read_text(encoding="utf-8")


def shown(ran: Ran) -> str:
    return ran.out + ran.err


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_in_no_output_and_no_file(way: str, run: Run) -> None:
    kept = WAYS[way]
    given = ("--var", f"{named(kept)}={kept.given}") if kept.given else ()
    write("small", stack(kept))
    told: dict[str, str] = {}

    def runs(*words: str) -> None:
        told[" ".join(words)] = shown(run(*words[:1], *words[1:], *given))

    runs("validate", "small", "--strict")
    runs("render", "small")
    runs("render", "small", "-o", "json")
    runs("plan", "small", "--sandbox", "-vv", "--trace-calls")
    runs("apply", "small", "--sandbox", "--yes", "-o", "jsonl", "-vv", "--trace-calls", "--log-format", "json")
    write("small", stack(kept).replace("attempts: 2", "attempts: 3").replace("c: plain", f"c: !var {named(kept)}"))
    for command in ("plan", "drift"):
        runs(command, "small", "--sandbox", *(word for each in FORMATS for word in ("-o", f"{each}={command}.{each}")))
    runs("apply", "small", "--sandbox", "--yes", "-v", "-o", "text", "-o", "json=apply.json", "-o", "html=apply.html")
    for command in ("status", "doctor", "outputs"):
        runs(command, "small", "--sandbox", "-o", "text", "-o", f"json={command}.json")
    runs("revisions", "jd", "small", "--sandbox", "-v", "-o", "text", "-o", "json=revisions.json")
    runs("rollback", "jd", "small", "--sandbox", "--yes", "-o", "text", "-o", "json=rollback.json")
    runs("graph", "small")
    runs("iam-policy", "small", "--for", "apply")
    digests = set(re.findall(r'"reconciler:applied": *"([0-9a-f]{20})', state()))
    files = [file for file in Path().iterdir() if file.is_file()]
    assert len(files) > 12
    told |= {file.name: file.read_text(encoding="utf-8") for file in files}
    assert [where for where, text in told.items() if kept.hidden in text] == []
    assert digests
    assert [where for where, text in told.items() if any(digest[:8] in text for digest in digests)] == []


def test_a_secret_that_has_changed_since_is_in_no_error_of_deleting_what_had_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("small", stack(WAYS["declared"]))
    run("apply", "small", "--sandbox", "--yes", "--var", "pw=hunter22")
    call = AwsCloud.call

    def repeating(self: AwsCloud, operation: str, request: Json) -> Json:
        if operation == "DeregisterJobDefinition":
            raise CloudError(operation, Fault.REFUSED, "ClientException", "PIN hunter22 is in use")
        return call(self, operation, request)

    monkeypatch.setattr(AwsCloud, "call", repeating)
    ran = run("destroy", "small", "--sandbox", "--yes", "--var", "pw=another-one")
    assert "is in use" in shown(ran)
    assert "hunter22" not in shown(ran)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("format_", ["text", "json", "github", "sarif", "junit"])
def test_a_secret_is_in_no_complaint(way: str, format_: str, run: Run) -> None:
    kept = WAYS[way]
    given = ("--var", f"{named(kept)}={kept.given}") if kept.given else ()
    write("small", stack(kept, BROKEN))
    ran = run("validate", "small", "--strict", "-v", "-o", format_, *given)
    assert (ran.code, kept.hidden in shown(ran)) == (3, False)


@pytest.mark.parametrize("way", WAYS)
def test_a_saved_plan_withholds_what_outputs_hide(way: str, run: Run) -> None:
    kept = WAYS[way]
    given = ("--var", f"{named(kept)}={kept.given}") if kept.given else ()
    write("small", stack(kept))
    inputs = run("plan", "small", "--sandbox", "-o", "json", *given).json["inputs"]
    assert (inputs["withheld"], inputs["variables"]) == ([named(kept)] if given else [], {})


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("secretArn: {type: string}", "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"),
        ("passwordLength: {type: integer}", "12"),
        ("tokenBucket: {type: string, secret: false}", "jobs-of-risk"),
        ("image: {type: string}", "repo/app:1.2"),
    ],
)
def test_what_only_sounds_like_a_secret_is_shown_and_kept(declared: str, value: str, run: Run) -> None:
    name = declared.partition(":")[0]
    write("small", f"stack: small\nvariables: {{{declared}}}\ntags: {{x: !var {name}}}\n")
    ran = run("render", "small", "--var", f"{name}={value}", "-o", "json")
    planned = run("plan", "small", "--sandbox", "--var", f"{name}={value}", "-o", "json")
    assert (ran.json["tags"], planned.json["inputs"]["variables"]) == ({"x": value}, {name: value})


@pytest.mark.parametrize("key", ["stack", "namePrefix", "region", "account"])
def test_a_secret_makes_no_name(key: str, run: Run) -> None:
    value = {"region": "us-east-1", "account": "123456789012"}.get(key, "hush-hush")
    rest = "" if key == "stack" else "stack: small\n"
    write("small", f"{rest}variables: {{pw: {{secret: true, default: '{value}'}}}}\n{key}: !var pw\n")
    ran = run("validate", "small", "-o", "json")
    told = [(one["code"], one["message"]) for one in ran.json["problems"]]
    assert ("VAR022", f"{key} is a secret, but every output shows it") in told
    assert value not in json.dumps(ran.json)


def test_a_secret_that_stays_is_no_change(run: Run) -> None:
    kept = WAYS["short"]
    write("small", stack(kept))
    run("apply", "small", "--sandbox", "--yes", "--var", "pin=q7z")
    write("small", stack(kept).replace("attempts: 2", "attempts: 3"))
    planned = run("plan", "small", "--sandbox", "--var", "pin=q7z", "-o", "json").json
    (change,) = planned["changes"]
    assert [field["path"] for field in change["fields"]] == ["retryStrategy.attempts"]
