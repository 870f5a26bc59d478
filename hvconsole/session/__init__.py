"""One connected board and everything that runs on it."""
