"""The files of a booted Linux: what /proc and /sys say follows from the board as it is."""
