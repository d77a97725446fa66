"""How often a law is tried: with few examples, always the same, in the gate; with many new ones in a long run."""

from hypothesis import HealthCheck, settings

GATE, LONG = "gate", "long"
TIMES = 50  # as many examples has a long run
EXAMPLES = 100


def register() -> None:
    """Make the gate's profile the one that holds where `--hypothesis-profile` names no other."""
    settings.register_profile(GATE, max_examples=EXAMPLES, deadline=None, derandomize=True)
    settings.register_profile(LONG, max_examples=EXAMPLES * TIMES, deadline=None, print_blob=True)
    settings.load_profile(GATE)


def law(examples: int) -> settings:
    """Return the settings of a law that the gate tries with this many examples."""
    times = settings.default.max_examples // EXAMPLES
    return settings(max_examples=examples * times, suppress_health_check=list(HealthCheck))
