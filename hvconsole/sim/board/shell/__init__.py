"""A small POSIX shell over the simulated board's files: what console, scripts and people type."""
