"""Pelco-D: the bytes between a controller and a dome, and nothing else."""
