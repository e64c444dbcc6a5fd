"""The embedded PostgreSQL: made, started, adopted and, by the last one out, stopped. Synchronous, for use outside the event loop.

Three lock files in the data folder say all there is to know; the kernel drops a lock when its holder dies, however it dies:

- `users.lock`: shared, held by every oncall process for its life. Who gets it exclusively is the last one out.
- `start.lock`: exclusive and short. Whoever starts, adopts or stops the server holds it.
- `server.lock`: held by PostgreSQL's own processes, which inherit it. While it is held, a server (or initdb) lives.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import asyncpg

from oncall.kit.pgbinaries import PORT, SOCKET, WHEEL, EmbeddedError, Programs, find_account, find_programs, prepare_data_dir
from oncall.kit.settings import PREFIX

__all__ = ["EmbeddedError", "EmbeddedServer", "open_server"]

POLL = 0.02
START_TIMEOUT = STOP_TIMEOUT = 60.0
CLOSE_TIMEOUT = 10.0
WHICH = f"set {PREFIX}DATABASE_URL or {PREFIX}DATA_DIR as they are for the oncall that runs."

# The application sees and logs the errors of its own statements; if the server did too, a storm of them could fill the disk.
ROLE = "CREATE ROLE oncall LOGIN CREATEDB CREATEROLE; ALTER ROLE oncall SET log_min_messages = 'log'"

# No server there, one that starts, recovers, shuts down or is full, and the ways in which asyncpg says that one died while it was asked.
NO_ANSWER = (
    OSError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresConnectionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class EmbeddedServer:
    """Our hold on the running server. `started` says whether this process started it or adopted a running one."""

    def __init__(self, cluster: "_Cluster", users: int, *, started: bool) -> None:
        # The port is named because asyncpg would otherwise take it from PGPORT.
        self.dsn = f"postgresql+asyncpg://oncall@/oncall?host={quote(str(cluster.folder))}&port={PORT}"
        self.started = started
        self._cluster = cluster
        self._users: int | None = users

    def revive(self) -> bool:
        """Start the server again if it has died (killed, or out of memory); whether it had. Raises EmbeddedError."""
        if self._users is None:
            return False
        try:
            with self._cluster.start_lock(time.monotonic()):
                if not self._cluster.is_down():
                    return False
                return self._cluster.start(time.monotonic() + START_TIMEOUT)
        except _BusyError:
            return False  # somebody else is at it

    def close(self) -> None:
        """Let go; the last one out stops the server. Idempotent."""
        users, self._users = self._users, None
        if users is None:
            return
        try:
            with self._cluster.start_lock(time.monotonic() + CLOSE_TIMEOUT):
                self._cluster.stop_if_last(users, answer_within=STOP_TIMEOUT)
        except (_BusyError, FileNotFoundError) as error:  # somebody is starting, so we are not the last; or the data folder was deleted
            self._cluster.log(f"PostgreSQL is left as it is: {error}")
        finally:
            os.close(users)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class _BusyError(EmbeddedError):
    """Another process starts or stops the server for longer than we can wait."""


def open_server(
    data_dir: Path, *, log: Callable[[str], None] | None = None, start_timeout: float = START_TIMEOUT, create: bool = True
) -> EmbeddedServer:
    """Start the server of `data_dir`, making it on first use unless `create` is false, or adopt it if it runs. Raises EmbeddedError.

    `start_timeout` (seconds) bounds everything, crash recovery included. A server that still recovers by then is left to it:
    stopping it would only make the next start begin again.
    """
    deadline = time.monotonic() + start_timeout
    try:
        if not create and not _Cluster.folder_in(data_dir.expanduser().resolve()).exists():
            raise EmbeddedError(f"There is no database in {data_dir}: {WHICH}")
        account = find_account()
        folder = prepare_data_dir(data_dir.expanduser().resolve(), account)
        cluster = _Cluster(folder, find_programs(account), log or (lambda _: None))
        with cluster.start_lock(deadline):
            users = cluster.open_lock("users.lock")
            _lock(users, fcntl.LOCK_SH)  # never refused: only who holds the start lock takes it exclusively
            try:
                started = cluster.start(deadline)
            except BaseException:
                try:
                    cluster.stop_if_last(users, answer_within=2)
                finally:
                    os.close(users)
                raise
    except OSError as error:
        raise EmbeddedError(f"The embedded PostgreSQL in {data_dir} cannot be used: {error}") from error
    return EmbeddedServer(cluster, users, started=started)


class _Cluster:
    """The cluster folder `pg` in the data folder, and its server. Whoever calls anything here holds the start lock."""

    def __init__(self, data_dir: Path, programs: Programs, log: Callable[[str], None]) -> None:
        self.data_dir = data_dir
        self.folder = self.folder_in(data_dir)
        self.programs = programs
        self.log = log

    @staticmethod
    def folder_in(data_dir: Path) -> Path:
        return data_dir / "pg"

    @contextmanager
    def start_lock(self, deadline: float) -> Iterator[None]:
        descriptor = self.open_lock("start.lock")
        try:
            while not _lock(descriptor, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    raise _BusyError(f"Another oncall process is still starting or stopping PostgreSQL in {self.data_dir}")
                time.sleep(POLL)
            yield
        finally:
            os.close(descriptor)

    def open_lock(self, name: str) -> int:
        descriptor = os.open(self.data_dir / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self.programs.account.give(descriptor)
        return descriptor

    def start(self, deadline: float) -> bool:
        """Have a server that answers: adopt the running one (False), or start one (True)."""
        started = False
        begun = told = time.monotonic()
        if self.folder.exists():
            self._check_version()
        while not self._answers(make_database=True):
            lock = self._server_lock()
            if lock is not None:
                try:
                    if started:
                        raise EmbeddedError(f"PostgreSQL did not start: {self._last_words()}")
                    self._launch(lock, deadline)
                    started = True
                finally:
                    os.close(lock)
            elif time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL does not answer after {deadline - begun:.0f} s, start again later: {self._last_words()}")
            elif time.monotonic() - told > 3:
                told = time.monotonic()
                self.log(f"Waiting for PostgreSQL, which may be recovering from a crash ({told - begun:.0f} s)")
            time.sleep(POLL)
        self.log(
            f"Started PostgreSQL {self.programs.version} in {self.folder}"
            if started
            else f"Adopted the PostgreSQL that runs in {self.folder}"
        )
        return started

    def stop_if_last(self, users: int, *, answer_within: float) -> None:
        """Unless others share the lock `users`: stop in fast mode and wait for the last process to go.

        A server that does not answer within that many seconds is left alone.
        """
        if not _lock(users, fcntl.LOCK_EX):
            return
        begun = time.monotonic()
        told = False
        while (lock := self._server_lock()) is None:
            if not told and self._answers():  # only then is the pid in its file surely the server's
                told = True
                with suppress(ProcessLookupError, FileNotFoundError):
                    os.kill(int((self.folder / "postmaster.pid").read_text().split()[0]), signal.SIGINT)
            if time.monotonic() - begun > (STOP_TIMEOUT if told else answer_within):
                self.log(f"PostgreSQL in {self.folder} is left running; the next start adopts it")
                return
            time.sleep(POLL)
        os.close(lock)
        if told:
            self.log("Stopped PostgreSQL")

    def _answers(self, *, make_database: bool = False) -> bool:
        """Whether a server answers at our socket; EmbeddedError if it serves other data or does not know us."""
        try:
            serves = asyncio.run(_check_in(self.folder, make_database=make_database))
        except NO_ANSWER:
            return False
        except asyncpg.PostgresError as error:
            raise EmbeddedError(f"The PostgreSQL in {self.folder} refuses its owner: {error}") from error
        if serves != self.folder:
            raise EmbeddedError(f"The PostgreSQL that answers in {self.folder} serves {serves}: stop it first")
        return True

    def is_down(self) -> bool:
        """Whether no process of the server lives."""
        lock = self._server_lock()
        if lock is not None:
            os.close(lock)
        return lock is not None

    def _server_lock(self) -> int | None:
        """The lock that a server's processes hold, or None while one of them lives."""
        descriptor = self.open_lock("server.lock")
        if _lock(descriptor, fcntl.LOCK_EX):
            return descriptor
        os.close(descriptor)
        return None

    def _launch(self, lock: int, deadline: float) -> None:
        """Start a server that keeps `lock`, as does initdb, so that nobody touches what they still write."""
        if not self.folder.exists():
            self.log(f"Creating a PostgreSQL {self.programs.version} cluster in {self.folder}")
            partial = self.folder.with_name("pg.new")
            if partial.exists():
                shutil.rmtree(partial)
            self.programs.make_cluster(partial, lock, timeout=max(1.0, deadline - time.monotonic()))
            partial.rename(self.folder)  # so a `pg` that exists is whole
            descriptor = os.open(self.data_dir, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
        (self.folder / f"{SOCKET}.lock").unlink(missing_ok=True)
        self.programs.launch(self.folder, lock, stale_pid=self._stale_pid())

    def _stale_pid(self) -> str:
        """The pid in the lock file of a server that was killed, or 0."""
        file = self.folder / "postmaster.pid"
        with suppress(FileNotFoundError):
            pid = file.read_text().partition("\n")[0].strip().removeprefix("-")  # a single-user session's is negative
            if pid.isdigit():
                return pid
            file.unlink()  # killed before it had written it
        return "0"

    def _check_version(self) -> None:
        file = self.folder / "PG_VERSION"
        major = file.read_text().strip() if file.exists() else None
        if major is None:
            raise EmbeddedError(f"{self.folder} is not a PostgreSQL cluster: move it away, or set ONCALL_DATA_DIR to another path")
        if major != self.programs.major:
            raise EmbeddedError(
                f"{self.folder} was made by PostgreSQL {major} and the installed one is {self.programs.version}: install the "
                f"{WHEEL} that has {major}, or restore a backup into a new ONCALL_DATA_DIR"
            )

    def _last_words(self) -> str:
        """The end of the newest server log, on one line, and where it is."""
        logs = [path for path in (self.folder / "start.log", *self.folder.glob("log/*.log")) if path.exists()]
        if not logs:
            return f"no log in {self.folder}"
        newest = max(logs, key=lambda path: path.stat().st_mtime_ns)
        lines = newest.read_text(errors="replace").splitlines()[-4:]
        return f"{' | '.join(lines)} (log: {newest})"


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _check_in(cluster: Path, *, make_database: bool) -> Path:
    """Ask the server which cluster it serves; in ours, make the role and the database `oncall` if they are missing."""
    connection = await asyncpg.connect(host=str(cluster), port=PORT, user="postgres", database="postgres", timeout=2, command_timeout=30)
    try:
        serves = Path(await connection.fetchval("SHOW data_directory"))
        if make_database and serves == cluster:
            if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'oncall')"):
                await connection.execute(ROLE)
            if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'oncall')"):
                await connection.execute("CREATE DATABASE oncall OWNER oncall")
        return serves
    finally:
        await connection.close(timeout=2)
