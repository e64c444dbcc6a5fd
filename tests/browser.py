"""A headless Chromium, for what only a browser can show; where none is installed, whoever needs it is told."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

NAMES = "chromium", "chromium-browser", "google-chrome", "chrome"
ABSENT = "there is no Chromium here: install one (apt-get install chromium) to run this"
# The sandbox needs rights that containers do not give; what is opened here is our own. Nothing is fetched that we did not ask for.
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-background-networking --hide-scrollbars"


def chromium() -> str | None:
    """Where it is, None if it is nowhere."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def command(program: str, profile: Path, *more: str) -> Sequence[str]:
    """How it is started, with a profile of its own that is thrown away."""
    return [program, *FLAGS.split(), f"--user-data-dir={profile}", *more]


def photograph(program: str, page: Path, picture: Path, *, width: int, height: int) -> None:
    """The page, a file, as it looks in a window of this size; fails with what the browser said."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        asked = command(program, Path(profile), f"--window-size={width},{height}", f"--screenshot={picture}", page.as_uri())
        done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode or not picture.exists():
        raise RuntimeError(f"no picture of {page}: {done.stderr}")


async def visit(program: str, url: str) -> str:
    """The document behind this address after its scripts ran and ten seconds of their time passed, as a link scanner opens it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        asked = command(program, Path(profile), "--virtual-time-budget=10000", "--dump-dom", url)
        process = await asyncio.create_subprocess_exec(*asked, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        try:
            async with asyncio.timeout(60):
                shown, said = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode:
        raise RuntimeError(f"{url} was not opened: {said.decode(errors='replace')}")
    return shown.decode()
