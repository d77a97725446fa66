"""The resources of the simulated service: what each operation takes, refuses, changes and shows, a file a kind."""
