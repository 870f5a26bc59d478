"""Paths, settings, boards and themes: TOML, strict, with errors that name file and key."""
