"""Whole units on simulated devices under a virtual clock, with faults declared as data."""
