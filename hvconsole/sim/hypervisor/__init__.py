"""Jailhouse and Xen as they answer on the simulated board: their tools, files and consoles."""
