"""Parts of screens, grouped as the screen is."""
