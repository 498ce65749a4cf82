"""Commands from the CMC: what they look like, and the one door they come in by."""
