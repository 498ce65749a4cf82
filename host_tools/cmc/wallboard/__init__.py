"""The CMC page: what an operator sees of the fleet, and the buttons that move it."""
