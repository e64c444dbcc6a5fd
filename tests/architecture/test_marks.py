"""Targets that ask for a mark read only files that have it written in them (tests/conftest.py): no test may get it from elsewhere."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
WRITTEN = re.compile(r"\bmark\.(faults|soak|long)\b")
OTHERWISE = re.compile(r"\b(mark as\b|getattr\(pytest\.mark\b|add_marker\()")


def test_marks_are_written_in_the_files_of_the_tests_that_have_them() -> None:
    files = {path: path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py")}
    marked = {path for path, text in files.items() if WRITTEN.search(text)}
    assert marked
    assert [path for path in marked if not path.match("test_*.py")] == []
    assert [path for path, text in files.items() if OTHERWISE.search(text) and path != Path(__file__)] == []
