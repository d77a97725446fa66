"""Every problem that a plan can have. Codes are stable; messages are not."""

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    "REF001": "a resource refers to one that neither the stack nor the account has",
    "REF002": "two declarations mean the same live resource",
    "PLAN001": "a member cannot be changed in place",
    "PLAN002": "a resource exists already, and no stack owns it",
    "PLAN003": "a resource belongs to somebody else",
    "PLAN004": "a protected resource would be deleted",
    "PLAN005": "a resource that is to be deleted is still in use",
    "PLAN006": "the stack owns resources under another name prefix, and leaves them alone",
    "PLAN007": "a stack that declares nothing would lose all that it has",
    "PLAN008": "a kind could not be read, and the stack declares none of it",
    "PLAN009": "a target matches none of the stack's resources",
    "PLAN010": "jobs are in what is to be deleted",
    "PLAN011": "an adoption would change more than our tags",
    "PLAN012": "a resource that is adopted says that another tool manages it",
    "IGN007": "a path that is ignored matches nothing, declared or live",
    "IGN008": "a live value that is ignored does not fit what is declared",
    "REV001": "a revision that is to be pruned stays: live jobs use it",
    "REV002": "no revision is pruned: which ones live jobs use is not known",
    "REV003": "how many live jobs use a revision is not known",
    "STA001": "which jobs are in a queue is not known",
    "GRD001": "what jobs need would be deleted, and nobody has allowed it",
    "GRD002": "more would be deleted than is normal, or than was allowed",
    "GRD007": "what would be deleted is declared in a subfolder, by a different stack",
    "GRD008": "what would be deleted has the name of a key in a file that is left out of the stack",
    "GRD003": "running jobs would be ended with the instances that are replaced",
    "STL001": "a change is not in the plan that was reviewed",
    "STL002": "a change of the plan that was reviewed is gone",
    "STL003": "a change is not the one that was reviewed",
}
