"""What keeps a value from being told."""

from reconciler.load.findings import Findings
from reconciler.load.nodes import SourceMark


class NotKnown(Exception):  # noqa: N818 - names what happened
    """A value cannot be told from the template and what was given; the message says what is missing."""


class TemplateError(Exception):
    """A value is written in a way that CloudFormation would refuse, too, or that cannot be followed."""

    def __init__(self, code: str, message: str, mark: SourceMark, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.mark = mark
        self.hint = hint

    def tell(self, findings: Findings) -> None:
        findings.add(self.code, str(self), self.mark, self.hint)
