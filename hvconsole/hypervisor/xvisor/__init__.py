"""Xvisor: managed on its own terminal, which has no shell, no exit codes and no machine format."""
