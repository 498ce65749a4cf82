"""The recording medium: its format, and writes that survive a power cut."""
