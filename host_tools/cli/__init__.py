"""The `lamppost` command, one module for each group of verbs."""
