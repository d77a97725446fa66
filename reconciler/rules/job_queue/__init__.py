"""Rules of job queues, by theme."""

from reconciler.rules.job_queue import advice, mixture, order, quota, scheduling

RULES = (*order.RULES, *mixture.RULES, *scheduling.RULES, *quota.RULES, *advice.RULES)
