"""Sessions as one self-contained page: no scripts, nothing loaded from anywhere."""
