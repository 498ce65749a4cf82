"""Tells the CMC who the unit is and how it is: the birth and the heartbeat."""
