"""Measurements in virtual time: the same figures to the last bit, on any machine."""
