"""The simulated service: requests in, answers or refusals in AWS's words out; what there is, and time, stand here."""
