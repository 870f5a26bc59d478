"""What the numbers of a recording mean."""
