"""Live statistics: ring, pyramid, histogram and the snapshots a screen pulls. No I/O."""
