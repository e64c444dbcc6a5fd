"""Monitors that ask from outside whether a thing is up."""

from tests.intake.dialects.table import Body

BODIES: list[Body] = [
    # Pingdom: current_state; the check's id; importance_level where it is said
    Body("pingdom/docs-http.down.json", "pingdom", [("trigger", "error", "check_id=12345", "Name of HTTP check")]),
    Body("pingdom/docs-http.up.json", "pingdom", [("resolve", "error", "check_id=12345", None)]),
]

CASES: list[tuple[str, str, str]] = [
    ("pingdom", "pingdom/docs-http.down.json", "pingdom/docs-http.up.json"),
]
"""type, a body that fires, the body that resolves it"""
