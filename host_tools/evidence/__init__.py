"""Footage for a court: reads a pool with released keys and writes copies that play."""
