"""A candidate's report: what was said, what it is worth, and from which words, as one HTML file and as PDF."""

from hr_sync.reports.render import ReportData, render_html, render_pdf

__all__ = ["ReportData", "render_html", "render_pdf"]
