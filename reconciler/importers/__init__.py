"""From existing resources to YAML: each source returns `Imported`, and one writer makes the files of a stack.

Always: what is not imported is reported with its reason. Not here: reading files, AWS, and writing to disk.
"""
