"""Footage for a court: reads a pool, unseals what the keyholder releases, writes copies that play."""
