"""Declarative YAML for AWS Batch: validate, plan, apply, and detect drift."""

__version__ = "0.1.0"
