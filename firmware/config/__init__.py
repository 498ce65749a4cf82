"""Settings of a unit: one schema, and a loader that names every fault at once."""
