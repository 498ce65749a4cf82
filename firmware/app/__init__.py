"""A whole unit: the services, the ports they work through, and the turn that joins them."""
