"""Xen's own records of its scheduler, captured on the board with ``xentrace``."""
