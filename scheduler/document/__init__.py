"""YAML text to nodes with positions, and the errors that quote them. The only owner of yaml."""
