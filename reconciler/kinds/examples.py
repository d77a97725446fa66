"""Values that fit members which several kinds have: the forms of ids and ARNs."""

ROLE = "arn:aws:iam::123456789012:role/{name}"
PROFILE = "arn:aws:iam::123456789012:instance-profile/{name}"
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}"  # noqa: S105 - a name, no secret
IMAGE_NAME = "public.ecr.aws/docker/library/busybox:1.36"
AMI = "ami-{number}"
SUBNET = "subnet-{number}"
SECURITY_GROUP = "sg-{number}"
LAUNCH_TEMPLATE_ID = "lt-{number}"
INSTANCE_TYPE = "m5.large"
