"""Authenticated messages: MACs on commands, signatures on permits and grants, no replays."""
