"""Programs of others as subprocesses: run to their end, or kept running."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path


async def run(
    *command: str, env: Mapping[str, str] | None = None, folder: Path | None = None, codes: tuple[int, ...] = (0,), timeout: float = 60
) -> str:
    """What it wrote to standard output; AssertionError with the end of what it complained about if it fails."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, env=dict(env if env is not None else os.environ), cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
    )
    try:
        async with asyncio.timeout(timeout):
            out, complaints = await process.communicate()
    except TimeoutError:
        raise AssertionError(f"{Path(command[0]).name} does not end within {timeout:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    said = (complaints.decode(errors="replace").strip() or out.decode(errors="replace").strip())[-1500:]
    assert process.returncode in codes, f"{Path(command[0]).name} ended with {process.returncode}: {said}"
    return out.decode(errors="replace")


@asynccontextmanager
async def started(*command: str, log: Path, env: Mapping[str, str] | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    """A daemon, killed at the end; what it writes goes to `log`."""
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(*command, env=dict(env) if env is not None else None, stdout=out, stderr=out)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
