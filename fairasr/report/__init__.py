"""Reports: one result to files that a person or a program reads. No statistics are computed here."""

from fairasr.report.change_files import read_comparison, read_mitigation, write_comparison, write_mitigation
from fairasr.report.change_page import render_comparison, render_mitigation
from fairasr.report.folder import read_audit, write_audit
from fairasr.report.page import render_html, write_html

__all__ = [
    "read_audit",
    "read_comparison",
    "read_mitigation",
    "render_comparison",
    "render_html",
    "render_mitigation",
    "write_audit",
    "write_comparison",
    "write_html",
    "write_mitigation",
]
