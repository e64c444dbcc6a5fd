"""Trackers of errors, code and work, and the webhooks of other paging tools."""

from tests.intake.dialects.table import Body

BODIES: list[Body] = []

CASES: list[tuple[str, str, str]] = []
"""type, a body that fires, the body that resolves it"""
