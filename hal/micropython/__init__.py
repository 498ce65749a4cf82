"""The ports on MicroPython: the unix port now, boards beside it as they come.

Everything here runs on CPython too, so that `hal.conformance` can meet it there.
"""
