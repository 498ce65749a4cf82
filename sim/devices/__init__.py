"""Devices that behave like the real ones; none of them knows the core."""
