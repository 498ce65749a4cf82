"""The ports on Linux under CPython; threads and blocking calls stay inside this package."""
