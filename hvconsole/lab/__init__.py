"""Real ARM boards in QEMU, made from Debian packages alone."""
