"""YAML text to nodes with positions, and the errors that quote them. The only owner of yaml."""

from scheduler.fast_start import patterns_compiled_late

with patterns_compiled_late():  # libyaml reads and scans: nothing here uses the patterns of PyYAML's reader in Python
    import yaml as yaml
