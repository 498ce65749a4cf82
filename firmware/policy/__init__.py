"""The Code of Practice as data: who may do what here and now, and by which clause not."""
