"""What can be wrong with a unit, how that is found, and the life of each fault."""
