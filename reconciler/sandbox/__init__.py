"""An AWS Batch of our own for demos and tests: the service's behaviour without an account and without a network."""
