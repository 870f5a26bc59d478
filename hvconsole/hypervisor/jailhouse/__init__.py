"""Jailhouse through its sysfs tree and its command."""
