"""How often a law is tried: with few examples, always the same, in the gate; with many new ones in a long run."""

from hypothesis import HealthCheck, settings

GATE, LONG = "gate", "long"
EXAMPLES = {GATE: 30, LONG: 5000}  # of a law that does not say how many it needs; all others in proportion


def register() -> None:
    """Make the gate's profile the one that holds where `--hypothesis-profile` names no other."""
    settings.register_profile(GATE, max_examples=EXAMPLES[GATE], deadline=None, derandomize=True)
    settings.register_profile(LONG, max_examples=EXAMPLES[LONG], deadline=None, print_blob=True)
    settings.load_profile(GATE)


def law(per_hundred: int) -> settings:
    """Return the settings of a law that is tried so often where others are tried a hundred times."""
    examples = max(1, per_hundred * settings.default.max_examples // 100)
    return settings(max_examples=examples, suppress_health_check=list(HealthCheck))
