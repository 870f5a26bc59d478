"""hvconsole: the measurement console for hypervisors on embedded ARM boards."""

__version__ = "0.1.0"
