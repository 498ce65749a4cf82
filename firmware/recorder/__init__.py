"""Recording: streams of access units become sealed records on the ring."""
