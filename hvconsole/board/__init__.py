"""What is done to a board as a board: preflight, probes, the undo journal."""
