"""VISCA over a serial line: the packets between a controller and a camera, and nothing else."""
