"""The two sides as processes: started, asked whether they are ready, and what /proc says they cost."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from oncall.kit.settings import PREFIX
from tests.serving import SECRET_KEY, free_port
from tests.system import ADMIN_KEY

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


class NotReady(Exception):
    """It ended, or did not answer in time; the text is the end of what it wrote."""


@dataclass
class Running:
    """A server of ours on a loopback port, perhaps with an engine of its own beside it; `started_in` is the seconds from its start to its
    first good answer.
    """

    process: Process
    port: int
    log: Path
    started_in: float
    engine: "Running | None" = None

    @property
    def cpu(self) -> float:
        """Seconds of processor time, the engine's among them."""
        return cpu_of(self.process.pid) + (self.engine.cpu if self.engine else 0.0)

    @property
    def resident_mb(self) -> float:
        """Of the larger process, where there are two."""
        return max(resident_mb(self.process.pid), self.engine.resident_mb if self.engine else 0.0)

    async def stop(self) -> None:
        if self.engine:
            await self.engine.stop()  # first: the other one has the database
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(20):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise NotReady(f"it did not end within 20 s of SIGTERM:\n{self.log.read_text(errors='replace')[-2000:]}") from None


async def start_oncall(data_dir: Path, log: Path) -> Running:
    """On an embedded PostgreSQL of its own, as `docs/how-to/deploy.md` has it for two processors: one process that answers, and one that
    pages.
    """
    running = await start_alone(data_dir, log, role="api")
    try:
        running.engine = await start_alone(data_dir, log.with_suffix(".engine.log"), role="engine")
    except NotReady:
        await running.stop()
        raise
    return running


async def start_alone(data_dir: Path, log: Path, *, role: str = "all") -> Running:
    """`oncall serve`, until /readyz says 200."""
    port = free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    ours = {"DATA_DIR": f"{data_dir}", "ADMIN_KEY": ADMIN_KEY, "SECRET_KEYS": SECRET_KEY, "OUTBOUND_ALLOW": "127.0.0.1"}
    env = inherited | {PREFIX + name: value for name, value in ours.items()}
    return await _start([sys.executable, "-m", "oncall", "serve", "--role", role, "--port", f"{port}"], env, port, log, "/readyz")


@asynccontextmanager
async def echo_server(log: Path) -> AsyncIterator[Running]:
    port = free_port()
    running = await _start([sys.executable, "-m", "tests.bench.echo", f"{port}"], os.environ, port, log, "/openapi.json")
    try:
        yield running
    finally:
        await running.stop()


async def _start(command: list[str], env: Mapping[str, str], port: int, log: Path, ready: str) -> Running:
    begun = time.monotonic()
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(*command, env=env, stdout=out, stderr=out)
    while time.monotonic() - begun < 60 and process.returncode is None:
        if await _says_200(port, ready):
            return Running(process, port, log, time.monotonic() - begun)
        await asyncio.sleep(0.01)
    if process.returncode is None:
        process.kill()
        await process.wait()
    raise NotReady(f"{command} is not ready:\n{log.read_text(errors='replace')[-2000:]}")


async def until_200(port: int, path: str, log: Path, *, within: float = 60) -> None:
    """Wait for a server that somebody else has started."""
    until = time.monotonic() + within
    while not await _says_200(port, path):
        if time.monotonic() > until:
            raise NotReady(f"it does not answer within {within:.0f} s:\n{log.read_text(errors='replace')[-2000:]}")
        await asyncio.sleep(0.1)


async def _says_200(port: int, path: str) -> bool:
    with contextlib.suppress(OSError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
            return (await reader.readline()).startswith(b"HTTP/1.1 200")
        finally:
            writer.close()
    return False


# --- what they cost ---------------------------------------------------------------------------------------------------------


def can_measure() -> bool:
    return (PROC / "self" / "stat").exists()


def cpu_of(pid: int) -> float:
    """Seconds of processor time of one process."""
    return sum(_stat(pid)[11:13]) / TICKS


def cpu_of_postgres(data_dir: Path) -> float:
    """Seconds of the server and all processes it has or had."""
    postmaster = int((data_dir / "pg" / "postmaster.pid").read_text().split()[0])
    total = sum(_stat(postmaster)[11:15])  # with the children that have ended
    for folder in PROC.iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):  # it has just ended
                fields = _stat(int(folder.name))
                total += sum(fields[11:13]) if fields[1] == postmaster else 0
    return total / TICKS


def resident_mb(pid: int) -> float:
    """Resident memory, in the unit the targets are in."""
    return _memory_mb(pid, "VmRSS")


def peak_mb(pid: int) -> float:
    """The most memory that was ever resident."""
    return _memory_mb(pid, "VmHWM")


def _memory_mb(pid: int, name: str) -> float:
    for line in (PROC / f"{pid}" / "status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise OSError(f"no {name} of {pid}")


def fsync_ms(folder: Path, *, tries: int = 200) -> float:
    """What the disk takes to keep 16 KiB, in the middle: no commit is faster."""
    took = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        file.write(bytes(16_384 * tries))
        os.fsync(file.fileno())
        for n in range(tries):
            os.pwrite(file.fileno(), b"x" * 16_384, 16_384 * n)
            begun = time.perf_counter()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - begun)
    return median(took) * 1e3


def _stat(pid: int) -> list[int]:
    """What follows the command's name, the state (a letter) as 0: [1] is the parent, [11:15] user and system time, then the children's."""
    fields = (PROC / f"{pid}" / "stat").read_text().rpartition(")")[2].split()
    return [0, *map(int, fields[1:])]


@contextmanager
def passable_folder(prefix: str) -> Iterator[Path]:
    """A short path, for the socket in it, and one that PostgreSQL's own account may pass when we are root."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
