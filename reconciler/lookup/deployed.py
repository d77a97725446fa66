"""What a template was deployed as: a stack of CloudFormation, its parameters and physical ids. Only calls that read."""

from reconciler.adopt.cloudformation import LiveStack
from reconciler.paging import CLOUDFORMATION, pages
from reconciler.ports import Cloud
from reconciler.problems import CloudError, WrongUsage

NO_STACK = ("ValidationError", "does not exist")  # how DescribeStacks says it


def deployed(cloud: Cloud, name: str, *, with_exports: bool = False) -> LiveStack:
    """Return a stack by its name or ARN, if asked for with what all stacks export.

    Raises `WrongUsage` where there is none, and `CloudError`.
    """
    try:
        (stack,) = cloud.call("DescribeStacks", {"StackName": name})["Stacks"]
    except CloudError as error:
        if error.code == NO_STACK[0] and NO_STACK[1] in error.message:
            raise WrongUsage(f"there is no CloudFormation stack {name}", hint="check --region and --profile") from error
        raise
    # DescribeStackResources would end after 100; the listings have pages.
    found = pages(cloud, "ListStackResources", {"StackName": name}, "StackResourceSummaries", CLOUDFORMATION)
    resources = {one["LogicalResourceId"]: one.get("PhysicalResourceId", "") for one in found}
    exports = pages(cloud, "ListExports", {}, "Exports", CLOUDFORMATION) if with_exports else ()
    return LiveStack(
        name=stack["StackName"],
        id=stack["StackId"],
        parameters={one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.get("Parameters", ())},
        resources={logical: physical for logical, physical in resources.items() if physical},
        exports={one["Name"]: one["Value"] for one in exports},
    )
