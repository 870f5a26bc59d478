"""What can be called on the simulated board, by name."""
