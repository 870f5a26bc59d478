"""One module a command: the console's jobs without a screen."""
