"""The state of Terraform and OpenTofu: bytes → outputs and resource instances → one value by its address.

Pure: where a state is kept, and how it is fetched, is `reconciler.adapters.lookup`'s. What is sensitive in a state
comes out as `Secret`. Numbers, booleans, lists and maps keep their types.
"""
