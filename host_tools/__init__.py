"""Tools for people: the command line, the CMC side, evidence, and the bench."""
