"""Xen through its own tools: xl and xentop in the control domain."""
