"""Pelco-P: the bytes between a controller and a receiver, and nothing else."""
