"""A plan in a file: a `Plan`, its view and its inputs in, a document with a fingerprint out; and back.

Equal plans have equal fingerprints on every machine, plans with other requests or consents have others. The document
has a mark in the place of each secret, keyed if a key is given. One that was edited, is damaged or of another format is
refused. `sealing` makes marks and fingerprints, `document` writes, reads and compares.
Whether a plan may run is up to `plan.guards`, and where its file is up to `cli`.
"""
