"""Tools of the person on the ladder: find a dome, try it, tell what it is."""
