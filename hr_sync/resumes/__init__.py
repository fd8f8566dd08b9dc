"""Resumes: PDF, DOCX and TXT become proposed fields, each with the span it was read from, for a person to confirm."""
