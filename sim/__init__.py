"""The simulator: devices that behave like the real ones, and the worlds they stand in."""
