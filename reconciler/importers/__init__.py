"""From what exists to YAML: sources give what they found in one form, and one writer makes tidy files of it."""
