"""`oncall serve` as a real subprocess on a loopback port, for tests that need real sockets, real signals, or several nodes."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from httpx import AsyncClient, HTTPError

from oncall.kit.settings import PREFIX
from tests.system import ADMIN_KEY

SECRET_KEY = "secret-key-of-the-served-nodes-0123456789"


@dataclass
class Served:
    """One node. `api` has the admin key; `log()` is what it wrote so far."""

    url: str
    process: Process
    api: AsyncClient
    log_file: Path

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    @property
    def gone(self) -> bool:
        return self.process.returncode is not None

    async def ready(self, *, within: float = 20) -> None:
        """Wait until /readyz says 200; fails with the log if the process ends or the time is over."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            assert not self.gone, f"it ended with {self.process.returncode}:\n{self.log()}"
            with contextlib.suppress(HTTPError):
                if (await self.api.get("/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.05)
        raise AssertionError(f"not ready within {within} s:\n{self.log()}")

    def send(self, number: signal.Signals) -> None:
        """SIGKILL, SIGSTOP, SIGCONT, SIGTERM …; nothing if it is gone already."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    async def ended(self, *, within: float = 20) -> int:
        """Wait for its end; returns the exit code (negative: the signal that killed it)."""
        async with asyncio.timeout(within):
            return await self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def serving(
    database_url: str,
    *,
    role: str = "all",
    env: Mapping[str, str] | None = None,
    port: int | None = None,
    wait: bool = True,
    workers: int = 1,
) -> AsyncIterator[Served]:
    """A node on `database_url`; `env` adds to, or replaces, its ONCALL_ variables (names in full).

    An engine listens as well, so that its health can be asked. With `wait=False` it may not be ready, or not even alive: say
    `await served.ready()`. At the end it gets SIGTERM, and SIGKILL if it does not obey within 20 s, which fails the test.
    """
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="oncall-served-") as folder:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        ours = {"DATABASE_URL": database_url, "DATA_DIR": folder, "ADMIN_KEY": ADMIN_KEY, "SECRET_KEYS": SECRET_KEY}
        variables = inherited | {PREFIX + name: value for name, value in ours.items()} | dict(env or {})
        log_file = Path(folder) / "log"
        with log_file.open("wb") as log:
            command = [sys.executable, "-m", "oncall", "serve", "--role", role, "--host", "127.0.0.1", "--port", str(port)]
            command += ["--workers", str(workers)] if workers > 1 else []
            process = await asyncio.create_subprocess_exec(*command, env=variables, stdout=log, stderr=log)
        async with AsyncClient(base_url=url, headers={"Authorization": f"Bearer {ADMIN_KEY}"}, timeout=15) as api:
            served = Served(url, process, api, log_file)
            try:
                if wait:
                    await served.ready()
                yield served
            finally:
                await _end(served)


async def _end(served: Served) -> None:
    """SIGTERM (after SIGCONT, in case a test stopped it), then SIGKILL."""
    if served.gone:
        return
    served.send(signal.SIGCONT)
    served.send(signal.SIGTERM)
    try:
        await served.ended()
    except TimeoutError:
        served.send(signal.SIGKILL)
        await served.process.wait()
        raise AssertionError(f"it did not end within 20 s of SIGTERM:\n{served.log()}") from None
