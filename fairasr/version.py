"""The version, on its own so that nothing else needs importing to know it."""

__version__ = "0.1.0"
