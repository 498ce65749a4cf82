"""Keys of the recording: a chain that only steps forward, and the clock that steps it."""
