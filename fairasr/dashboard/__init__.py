"""The dashboard: results of one folder as a local web application. No statistics are computed here."""

from fairasr.dashboard.serving import serve

__all__ = ["serve"]
