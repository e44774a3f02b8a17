"""Reports: one AuditResult to files that a person or a program reads. No statistics are computed here."""

from fairasr.report.folder import read_audit, write_audit
from fairasr.report.page import render_html, write_html

__all__ = ["read_audit", "render_html", "write_audit", "write_html"]
