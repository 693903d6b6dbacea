"""A schedule file as a configuration: shape, errors, suggestions, warnings and masking."""
