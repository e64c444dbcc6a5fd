"""Markdown as other forms: HTML that is safe to show, blocks of words, pages of a PDF."""
