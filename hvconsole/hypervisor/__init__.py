"""Hypervisors: what runs on a board, and what can be done about it."""
