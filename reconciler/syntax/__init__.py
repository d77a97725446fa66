"""Texts in YAML and JSON as nodes that know their file, line and column; what is wrong in them, all at once.

Bytes in, nodes and problems out. What has nothing to expand stays a plain value, with its places in an array. No tag is
resolved here, nothing is executed, and nothing grows beyond bounds.
"""
