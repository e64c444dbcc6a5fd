"""That the machine can fail: each mistake beside it is caught by the story in which the machine has met it, and the true code is not."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.databases import ROOT, fresh_database
from tests.machine.bugs.stories import BUGS
from tests.machine.replay import told

FOLDER = Path(__file__).parent / "bugs"
AT_ONCE = {"ack_cancels_nothing", "no_second_look_before_the_wire"}
"""Those that `make test` tries; `make soak` tries all."""


def test_every_mistake_has_its_patch_and_its_story() -> None:
    assert sorted(BUGS) == sorted(path.stem for path in FOLDER.glob("*.patch"))
    assert len(BUGS) >= 10


def test_the_true_code_breaks_nothing_in_any_of_the_stories(server_dsn: str, template: str, tmp_path: Path) -> None:
    with fresh_database(server_dsn, template, f"oncall_bugs_{os.getpid()}", is_durable=False) as url:
        assert asyncio.run(told(url, tmp_path, [*BUGS])) == {}


@pytest.mark.parametrize("name", sorted(BUGS))
def test_every_mistake_can_still_be_made(name: str, tmp_path: Path) -> None:
    """The patch applies to the code as it is, and leaves something that compiles."""
    touched = re.findall(r"^\+\+\+ b/(\S+)", (FOLDER / f"{name}.patch").read_text(), re.MULTILINE)
    for file in touched:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    _make_mistake(name, tmp_path)
    for file in touched:
        compile((tmp_path / file).read_text(), file, "exec")


@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name in AT_ONCE else [pytest.mark.long]) for name in sorted(BUGS)])
def test_every_mistake_is_caught(name: str, tmp_path: Path) -> None:
    for folder in ("src", "migrations"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    _make_mistake(name, tmp_path)
    done = _tell(tmp_path / "src", name)
    assert done.returncode == 3, done.stdout + done.stderr
    assert BUGS[name].breaks in done.stdout


def _make_mistake(name: str, folder: Path) -> None:
    applied = subprocess.run(
        ["git", "apply", "-C1", str(FOLDER / f"{name}.patch")], cwd=folder, capture_output=True, text=True, check=False
    )
    assert applied.returncode == 0, f"{name} applies no more; make the same mistake in the code as it is now: {applied.stderr}"


def _tell(source: Path, *names: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": f"{source}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "tests.machine.replay", *names]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120)
