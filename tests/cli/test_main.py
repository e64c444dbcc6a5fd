"""What a process of ours does before anybody asks it for anything."""

import subprocess
import sys


def test_whoever_imports_the_program_has_its_garbage_collected() -> None:
    """As a worker process does, which imports what its parent was started by, and is never told to run it."""
    said = subprocess.run(
        [sys.executable, "-c", "import oncall.__main__, gc; print(gc.isenabled())"], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.strip() == "True"
