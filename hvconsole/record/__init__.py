"""Recordings: capture, manifest, reading back, export."""
