"""Pictures of numbers as rows of styled cells; knows no Textual."""
