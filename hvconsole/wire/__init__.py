"""The wire format, sans-IO: bytes in, values out (docs/wire-format.md)."""
