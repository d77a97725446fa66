"""Every problem that the import of a template can have. Codes are stable; messages are not."""

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    "CFN001": "a file is no CloudFormation template",
    "CFN002": "a template has no resource of AWS Batch",
    "CFN003": "a function, macro or module of CloudFormation cannot be followed",
    "CFN004": "a function of CloudFormation is written in a way that cannot be understood",
    "CFN005": "a template names something that it does not have",
    "CFN006": "a condition depends on a value that is not known",
    "CFN007": "a resource of a template has a property that AWS Batch does not know",
    "CFN008": "a property in a template has a value that does not fit",
    "CFN009": "a resource of a template is written in a way that cannot be understood",
    "CFN010": "a template has a macro that would have to run first",
    "CFN011": "a value is given for a parameter that a template does not have, or does not allow",
    "CFN012": "a template refers to a resource that it does not have",
}
