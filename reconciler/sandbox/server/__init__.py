"""The simulated service over HTTP: who may ask, AWS's protocols, and moto for what is not AWS Batch."""
