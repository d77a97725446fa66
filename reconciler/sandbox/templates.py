"""What AWS refuses about an environment's launch template (cdk-preflight, rules pf-batch-ce-launch-template-*)."""

import re
from collections.abc import Sequence

from reconciler.model import Spec
from reconciler.sandbox.answers import refuse_if

VERSION = re.compile(r"(\d+|\$Default|\$Latest)?")
MAX_OVERRIDES = 10


def refuse_bad_template(template: Spec, instance_types: Sequence[str]) -> None:
    overrides = template.get("overrides", ())
    ids = _ids(template)
    refuse_if(
        ids > 1 or (not ids and not overrides),
        "One of LaunchTemplateId and LaunchTemplateName or LaunchTemplate.overrides should be provided",
    )
    _check_version(template)
    refuse_if(len(overrides) > MAX_OVERRIDES, "LaunchTemplate.overrides size cannot be greater than 10")
    targets = [target for override in overrides for target in _targets(override, instance_types)]
    refuse_if(len(targets) != len(set(targets)), "LaunchTemplate.overrides have duplicate targetInstanceTypes")


def _targets(override: Spec, instance_types: Sequence[str]) -> Sequence[str]:
    refuse_if(_ids(override) != 1, "LaunchTemplate.overrides should have either LaunchTemplateId or LaunchTemplateName")
    _check_version(override)
    targets: Sequence[str] = override.get("targetInstanceTypes", ())
    refuse_if(not targets, "LaunchTemplate.overrides.targetInstanceTypes[] is required")
    refuse_if(
        not all(_covers(instance_types, target) for target in targets),
        "LaunchTemplate.overrides have targetInstanceTypes that do not match",
    )
    return targets


def _covers(instance_types: Sequence[str], target: str) -> bool:
    return target in instance_types or target.partition(".")[0] in instance_types


def _check_version(template: Spec) -> None:
    refuse_if(
        not VERSION.fullmatch(template.get("version", "")),
        "LaunchTemplateVersion must be either empty or a number or $Default or $Latest",
    )


def _ids(template: Spec) -> int:
    return sum(bool(template.get(member)) for member in ("launchTemplateId", "launchTemplateName"))
