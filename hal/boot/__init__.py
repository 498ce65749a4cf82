"""Where a board and the core meet, and execution starts."""
