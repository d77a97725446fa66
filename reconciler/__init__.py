"""Declarative YAML for AWS Batch: validate, plan, apply, and see what drifted."""

__version__ = "0.1.0"
