"""The unit's small durable map: a few values that must survive a power cut."""
