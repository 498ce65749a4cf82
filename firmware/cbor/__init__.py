"""Deterministic CBOR: one encoding for each value, and nothing else is taken in."""
