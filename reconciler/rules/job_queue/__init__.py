"""Rules of job queues, by theme."""

from reconciler.rules.job_queue import environments, scheduling

RULES = (
    *environments.RULES,
    *environments.MIXTURE_RULES,
    *scheduling.RULES,
    *scheduling.QUOTA_RULES,
    *scheduling.ADVICE_RULES,
)
