"""Reports for a terminal or a log: a width and what was found in, lines out; no value is computed here."""
