"""What may be shown: values that are secret, or look as if they were, become `<redacted>` before anything is printed.

A plan, a text or a body in, the same without secrets out. Whoever prints takes values from here.
"""
