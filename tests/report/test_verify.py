"""What `verify` prints: by resource, the same thing once, and no secret."""

import json

from reconciler.model import Address
from reconciler.problems import Where
from reconciler.redact.presented import present_verification
from reconciler.redact.secrets import Secrets
from reconciler.report.formats import FORMATS, Collected
from reconciler.report.results import StackVerified
from reconciler.report.verify import verify_json, verify_page
from reconciler.verify.base import Finding, VerifyResult
from reconciler.verify.checks import Verification
from tests.builders import CE, JD
from tests.fakes import HERE

OK, FAIL, UNKNOWN = VerifyResult.OK, VerifyResult.FAIL, VerifyResult.UNKNOWN
GONE = "role hunter2 does not exist (NoSuchEntity)"
ROLE = ("containerProperties", "jobRoleArn")
FOUND = Verification("risk", HERE, (
    Finding(Address(CE, "spot"), ("computeResources", "subnets"), "subnets", OK, "exist", where=Where("a.yaml", 3)),
    Finding(Address(CE, "spot"), ("serviceRole",), "service-role", OK, "role batch has no managed policy", "attach one",
            is_warning=True, where=Where("a.yaml", 4)),
    *(Finding(Address(JD, name), ROLE, "job-role", FAIL, GONE, "create the role hunter2", where=Where("a.yaml", line))
      for line, name in enumerate(("a", "b", "c", "d", "e", "f"), 7)),
    Finding(Address(JD, "a"), ("image",), "image", UNKNOWN, "it cannot be seen: <b>`|", "allow ecr:BatchGetImage"),
))  # fmt: skip
SHOWN = present_verification(FOUND, Secrets(frozenset({"hunter2"})))
PAGE = """\
ComputeEnvironment/spot  a.yaml
  warning  serviceRole: role batch has no managed policy  (service-role, line 4)
           hint: attach one
JobDefinition/a  a.yaml
  fail     containerProperties.jobRoleArn: role <redacted> does not exist (NoSuchEntity)  (job-role, line 7)
           the same in JobDefinition/b, JobDefinition/c, JobDefinition/d and 2 more
           hint: create the role <redacted>
  unknown  image: it cannot be seen: <b>`|  (image)
           hint: allow ecr:BatchGetImage

Verify: 2 ok, 6 fail, 1 unknown (1 warning).
"""


def test_findings_are_listed_by_resource_and_what_several_share_stands_once() -> None:
    assert verify_page(SHOWN, 120).plain == PAGE


def test_everything_is_listed_if_asked_for_in_detail() -> None:
    page = verify_page(SHOWN, 120, verbose=1).plain
    assert "  ok       computeResources.subnets: exist  (subnets, line 3)" in page
    assert page.count("does not exist (NoSuchEntity)") == 6


def test_no_format_shows_a_secret_or_obeys_a_message() -> None:
    run = Collected(items=(StackVerified("risk", SHOWN),), documents=(verify_json(SHOWN),), pages=(PAGE,))
    made = {name: "".join(FORMATS[name].render(run) or ()) for name in ("json", "github", "sarif", "junit", "markdown")}
    assert all("hunter2" not in text for text in made.values())
    assert json.loads(made["json"])["findings"][2]["message"] == "role <redacted> does not exist (NoSuchEntity)"
    assert made["github"].count("::error file=") == 6
    assert "<b>`" not in made["markdown"]
    assert (
        made["markdown"].index("| fail |")
        < made["markdown"].index("| unknown |")
        < made["markdown"].index("| warning |")
    )
    levels = [each["level"] for each in json.loads(made["sarif"])["runs"][0]["results"]]
    assert (levels.count("error"), levels.count("warning"), levels.count("note")) == (6, 1, 1)
    assert made["junit"].count("<failure") == 6
    assert made["junit"].count("<skipped") == 1
