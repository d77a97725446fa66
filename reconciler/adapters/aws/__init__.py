"""The real AWS, through botocore."""
