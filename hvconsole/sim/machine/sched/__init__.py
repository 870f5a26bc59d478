"""Xen's schedulers, as far as they decide who has a CPU and when Xen takes time for it."""
