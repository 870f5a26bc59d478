"""What a screen shows, as plain values; knows no Textual."""
