"""Pan, tilt, zoom: one owner of one dome, whose every move is a lease."""
