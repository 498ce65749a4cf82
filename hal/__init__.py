"""Ports of a unit: the interfaces, and one folder for each kind of hardware that offers them."""
