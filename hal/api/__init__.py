"""The ground floor: what a board offers and what the core may expect of it.

Every port is one file. A docstring states the duties of both sides; `hal.conformance` holds each
of them as a runnable check. Nothing here imports anything but this package.
"""
