"""Reports: one result to files that a person or a program reads. No statistics are computed here."""

from fairasr.report.change_files import read_comparison, read_mitigation, write_comparison, write_mitigation
from fairasr.report.change_page import render_comparison, render_mitigation
from fairasr.report.folder import read_audit, write_audit
from fairasr.report.page import render_html, write_html
from fairasr.report.reading import read_result
from fairasr.report.verification_files import read_verification, write_verification
from fairasr.report.verification_page import render_verification

__all__ = [
    "read_audit",
    "read_comparison",
    "read_mitigation",
    "read_result",
    "read_verification",
    "render_comparison",
    "render_html",
    "render_mitigation",
    "render_verification",
    "write_audit",
    "write_comparison",
    "write_html",
    "write_mitigation",
    "write_verification",
]
