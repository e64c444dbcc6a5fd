"""`oncall demo` as a subprocess: it tells the whole story, leaves nothing behind, and never uses the user's own settings."""

import asyncio
import importlib
import os
import re
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

pytestmark = pytest.mark.faults

STORY = [
    "ms after the post Ana's phone rings: step 1 of policy",
    "Ana sleeps on",
    "after the post Ben's phone rings: step 2 of policy",
    "the incident is still triggered",
    "the incident is acknowledged by Ben",
    "the incident is resolved",
    "step_fired",
    "acknowledged by Ben through link",
]
MEANS_OF_THE_USER = {
    "ONCALL_DATABASE_URL": "postgresql://nobody@db.example.com/production",
    "ONCALL_MISSPELT": "yes",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
}


async def demo(folder: Path, **env: str) -> Process:
    """The demo with `folder` as the place for temporary files (short: there will be a socket in it). It can be interrupted, also where
    whoever runs the tests in the background cannot, and would hand that down.
    """
    command = sys.executable, "-m", "oncall", "demo"
    means = os.environ | env | {"TMPDIR": str(folder)}
    interruptible = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    return await asyncio.create_subprocess_exec(*command, env=means, stdout=PIPE, stderr=STDOUT, preexec_fn=interruptible)


def users_of(folder: Path) -> list[str]:
    """The command lines of processes that were told about this folder, or that work in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            said = (process / "cmdline").read_bytes() + b"\0" + (process / "environ").read_bytes()
            if str(folder).encode() in said or str((process / "cwd").readlink()).startswith(str(folder)):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:  # gone by now, or not ours to look at
            continue
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, since a socket will be in it; other users may pass through, since as root PostgreSQL runs as one."""
    with tempfile.TemporaryDirectory(prefix="od-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


async def told(process: Process) -> str:
    """Everything it says, to its end; the processes it started may keep nothing of it open."""
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    return out.decode()


async def until_it_says(process: Process, words: str) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while words not in (line := (await process.stdout.readline()).decode()):
            assert line, f"it ended without saying {words!r}"


def assert_nothing_is_left(folder: Path) -> None:
    assert list(folder.iterdir()) == []
    assert users_of(folder) == []


async def test_the_whole_story_is_told_in_order_with_nothing_of_the_users_own_settings(folder: Path) -> None:
    process = await demo(folder, **MEANS_OF_THE_USER)
    said = await told(process)
    assert process.returncode == 0, said
    assert re.search(".*".join(map(re.escape, STORY)), said, re.DOTALL), said
    assert_nothing_is_left(folder)


async def test_stopped_half_way_it_leaves_nothing_behind(folder: Path) -> None:
    process = await demo(folder)
    await until_it_says(process, "Ana sleeps on")
    process.send_signal(signal.SIGINT)
    said = await told(process)
    assert process.returncode == 130, said
    assert "the demo was interrupted" in said
    assert "Traceback" not in said
    assert_nothing_is_left(folder)


async def test_stopped_while_its_database_is_being_made_it_leaves_nothing_behind(folder: Path) -> None:
    process = await demo(folder)
    async with asyncio.timeout(60):
        while not list(folder.glob("oncall-demo-*/pg.new")) and not list(folder.glob("oncall-demo-*/pg")):
            await asyncio.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    said = await told(process)
    assert process.returncode == 130, said
    assert_nothing_is_left(folder)


async def test_a_node_that_does_not_start_is_one_sentence_and_its_last_words(folder: Path) -> None:
    deep = folder / ("x" * 80)
    deep.mkdir()
    process = await demo(deep)
    said = await told(process)
    assert process.returncode == 1
    assert "the demo did not work: the node did not start" in said
    assert "cannot be a Unix socket" in said, "the node's last words"
    assert "Traceback" not in said
    assert_nothing_is_left(deep)


async def test_a_page_that_does_not_come_ends_the_demo_with_the_last_words_of_the_node(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_here = importlib.import_module("oncall.cli.demo")  # `oncall.cli` has a command of this name
    monkeypatch.setattr(told_here, "PATIENCE", 0.5)  # shorter than the policy's delay, and too short for a node to stop
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with pytest.raises(told_here.DemoFailed, match=r"no page reached \w+ within .* s; the node's last words:"):
        await told_here._story()
    assert_nothing_is_left(folder)
