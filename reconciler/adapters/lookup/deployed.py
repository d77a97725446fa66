"""What a template was deployed as: a stack of CloudFormation, its parameters and physical ids. Only calls that read."""

from collections.abc import Callable, Iterable
from collections.abc import Mapping as MappingABC

from reconciler.calls import CLOUDFORMATION, pages
from reconciler.importers.cloudformation import LiveStack
from reconciler.model import Json
from reconciler.ports import Cloud
from reconciler.problems import CloudError, Fault, WrongUsage

LAUNCH_TEMPLATE = "AWS::EC2::LaunchTemplate"
VERSIONS = ("LatestVersionNumber", "DefaultVersionNumber")  # of DescribeLaunchTemplates, as of Fn::GetAtt
NO_STACK = ("ValidationError", "does not exist")  # how DescribeStacks says it


def deployed(
    cloud: Cloud, name: str, *, with_exports: bool = False, ec2: Callable[[], Cloud] | None = None
) -> LiveStack:
    """Return a stack by its name or ARN, if asked for with what all stacks export.

    `ec2` is called where versions of launch templates are asked for, and the stack has such. Raises `WrongUsage` where
    there is none, and `CloudError`.
    """
    try:
        (stack,) = cloud.call("DescribeStacks", {"StackName": name})["Stacks"]
    except CloudError as error:
        if error.code == NO_STACK[0] and NO_STACK[1] in error.message:
            raise WrongUsage(
                f"the CloudFormation stack {name} does not exist", hint="check --region and --profile"
            ) from error
        raise
    # DescribeStackResources would end after 100; the listings have pages.
    found = list(pages(cloud, "ListStackResources", {"StackName": name}, "StackResourceSummaries", CLOUDFORMATION))
    resources = {one["LogicalResourceId"]: one.get("PhysicalResourceId", "") for one in found}
    exports = pages(cloud, "ListExports", {}, "Exports", CLOUDFORMATION) if with_exports else ()
    return LiveStack(
        name=stack["StackName"],
        id=stack["StackId"],
        parameters={one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.get("Parameters", ())},
        resources={logical: physical for logical, physical in resources.items() if physical},
        exports={one["Name"]: one["Value"] for one in exports},
        versions=_versions(found, ec2) if ec2 else {},
    )


def _versions(resources: Iterable[MappingABC[str, Json]], ec2: Callable[[], Cloud]) -> dict[tuple[str, str], str]:
    """Return the versions of a stack's launch templates. Without the right to read them, they stay unknown."""
    logical = {
        one["PhysicalResourceId"]: one["LogicalResourceId"]
        for one in resources
        if one.get("ResourceType") == LAUNCH_TEMPLATE and one.get("PhysicalResourceId")
    }
    if not logical:
        return {}
    try:
        asked = {"LaunchTemplateIds": sorted(logical)}
        found = list(pages(ec2(), "DescribeLaunchTemplates", asked, "LaunchTemplates", CLOUDFORMATION))
    except CloudError as error:
        if error.fault in (Fault.DENIED, Fault.REFUSED):  # refused: one of them is gone
            return {}
        raise
    return {
        (logical[one["LaunchTemplateId"]], name): str(one[name]) for one in found for name in VERSIONS if name in one
    }
