"""The core of a unit: protocols, policy and services, with no port, clock or thread."""
