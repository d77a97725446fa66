"""What `Ref` and `Fn::GetAtt` give of resources that AWS Batch does not have but names: roles, subnets, templates.

The "Return values" of each type in https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/.
"""

from collections.abc import Mapping

# What a Ref gives is the physical id, which a property may say.
NAMES: Mapping[str, str] = {
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::EKS::Cluster": "Name",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SSM::Parameter": "Name",
}
# Attributes by type: `{id}` is the physical id, `{path}` the Path of what IAM has, and the rest is text for `!sub`.
ATTRIBUTES: Mapping[tuple[str, str], str] = {
    ("AWS::IAM::Role", "Arn"): "arn:${partition}:iam::${account}:role{path}{id}",
    ("AWS::IAM::InstanceProfile", "Arn"): "arn:${partition}:iam::${account}:instance-profile{path}{id}",
    ("AWS::EC2::SecurityGroup", "GroupId"): "{id}",
    ("AWS::EC2::SecurityGroup", "Id"): "{id}",
    ("AWS::EC2::Subnet", "SubnetId"): "{id}",
    ("AWS::EC2::VPC", "VpcId"): "{id}",
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateId"): "{id}",
    ("AWS::EC2::PlacementGroup", "GroupName"): "{id}",
    ("AWS::ECR::Repository", "Arn"): "arn:${partition}:ecr:${region}:${account}:repository/{id}",
    ("AWS::ECR::Repository", "RepositoryUri"): "${account}.dkr.ecr.${region}.amazonaws.com/{id}",
    ("AWS::EFS::FileSystem", "FileSystemId"): "{id}",
    ("AWS::EFS::FileSystem", "Arn"): "arn:${partition}:elasticfilesystem:${region}:${account}:file-system/{id}",
    ("AWS::EFS::AccessPoint", "AccessPointId"): "{id}",
    ("AWS::EKS::Cluster", "Arn"): "arn:${partition}:eks:${region}:${account}:cluster/{id}",
    ("AWS::Logs::LogGroup", "Arn"): "arn:${partition}:logs:${region}:${account}:log-group:{id}:*",
    ("AWS::S3::Bucket", "Arn"): "arn:${partition}:s3:::{id}",
    ("AWS::SecretsManager::Secret", "Id"): "{id}",
}
# The number that a deployment finds, so that a deployment rolls a new version out. To AWS Batch, neither `$Latest`
# nor `$Default` means the same, since a newer version then waits until instances are replaced for another reason.
VERSIONS = tuple(("AWS::EC2::LaunchTemplate", name) for name in ("LatestVersionNumber", "DefaultVersionNumber"))
NESTED = "AWS::CloudFormation::Stack"
OUTPUTS = "Outputs."  # in front of the attributes of a nested stack
CUSTOM = ("Custom::", "AWS::CloudFormation::CustomResource")
