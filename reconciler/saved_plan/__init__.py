"""A plan in a file: written with a seal, read back, and checked to be the one that was reviewed and still fits.

`Plan` and options in, a document and its fingerprint out; and back. The seal covers consents and inputs, too. A secret
is a keyed digest there, never a value.
"""
