"""`oncall serve`: the database, the first key and the sample, then uvicorn around a node."""

import asyncio
import contextlib
import gc
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError

from oncall.access.commands import ensure_admin_key
from oncall.app import Node, Role
from oncall.channels.email import EmailChannel
from oncall.channels.mail_settings import parse_mail_from
from oncall.cli import console, stop
from oncall.cli.sample import make_sample
from oncall.kit import log, schema
from oncall.kit.clock import DatabaseClock
from oncall.kit.compiled import changed
from oncall.kit.db import Database
from oncall.kit.http import CONFIGURATION
from oncall.kit.settings import Settings, load

KEEP_ALIVE = 75
DRAIN = 15


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The URL of the configured database, or of the embedded one, which runs as long as any of our processes uses it."""
    if settings.database_url:
        yield settings.database_url.get_secret_value()
        return
    from oncall.kit.embedded import EmbeddedError, open_server  # noqa: PLC0415 — only where it is used, and not on Windows

    try:
        server = open_server(settings.data_dir, log=lambda line: console.print(line, highlight=False))
    except EmbeddedError as error:
        stop(str(error), code=1)
    with server:
        yield server.dsn


def run(settings: Settings, *, role: Role, host: str | None, port: int | None, workers: int) -> None:
    """Start, say where it is, serve until SIGTERM, drain, and stop the embedded database if we were its last user."""
    listens = role is not Role.ENGINE or port is not None
    settings = settings.but(host=host or settings.host, port=settings.port if port is None else port)
    log.configure(level=settings.log_level)
    with database(settings) as url:
        if not settings.database_url:
            schema.migrate(url)
        try:
            first = asyncio.run(_prepare(settings, url))
        except (DBAPIError, OSError, TimeoutError) as error:
            stop(f"the database cannot be reached: {error.__cause__ or error}", code=1)
        _greet(settings, role, first, listens=listens)
        if not listens:
            asyncio.run(_run_engine(settings, url))
        else:
            _listen(settings, url, role, workers)


def _listen(settings: Settings, url: str, role: Role, workers: int) -> None:
    """uvicorn until a signal. It raises the signal again once it has drained: then it is our turn to stop the database and leave."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        if workers > 1:
            os.environ["ONCALL_DATABASE_URL"] = url
            os.environ["ONCALL_HOST"], os.environ["ONCALL_PORT"] = settings.host, str(settings.port)
            os.environ[ROLE] = role.value
            uvicorn.run("oncall.cli.serve:make_worker", factory=True, workers=workers, **_uvicorn(settings))
        else:
            uvicorn.run(_frozen_when_ready(Node(settings, url, role=role)), **_uvicorn(settings))
    except KeyboardInterrupt:
        return  # Ctrl-C, after everything was drained


ROLE = "_ONCALL_WORKER_ROLE"


def make_worker() -> FastAPI:
    """The application of one of several worker processes; its parent has prepared the database."""
    settings = load()
    log.configure(level=settings.log_level)
    url = (settings.database_url or SecretStr("")).get_secret_value()
    return _frozen_when_ready(Node(settings, url, role=Role(os.environ[ROLE])))


@dataclass(frozen=True, slots=True)
class First:
    """Keys that exist since this very start, to be shown once."""

    admin_key: str | None
    sample_key: str | None


async def _prepare(settings: Settings, url: str) -> First:
    """Check the schema, make the first admin key and the sample where there is nothing yet."""
    db, clock = Database(url), DatabaseClock()
    try:
        async with db.transaction() as tx:
            if not await schema.is_current(tx):
                stop("the database has another schema than this version knows: run `oncall migrate` first.", code=1)
            now = await clock.now(tx)
            key = None if settings.admin_key else await ensure_admin_key(tx, now=now)
            email = EmailChannel(None, sender=parse_mail_from(settings.mail_from), now=clock.about)
            sample = await make_sample(tx, email, now=now)
            if key or sample:
                await changed(tx, CONFIGURATION)
            return First(key, sample)
    finally:
        await db.close()


def _greet(settings: Settings, role: Role, first: First, *, listens: bool) -> None:
    def say(line: str = "") -> None:
        console.print(line, highlight=False, markup=False, soft_wrap=True)

    if not listens:
        say(f"oncall {role.value} is running; it does not listen (give it a --port to watch its health).")
        return
    say(f"oncall is at {settings.base_url} (API reference: {settings.base_url}/docs)")
    if first.admin_key:
        say(f"Admin API key, shown this once: {first.admin_key}")
    if first.sample_key:
        body = '{"summary": "Disk is full on db-1", "severity": "critical", "dedup_key": "db-1/disk"}'
        say("Fire a first alert:")
        say(f"  curl -sS {settings.base_url}/intake/{first.sample_key} -H 'Content-Type: application/json' -d '{body}'")
    if not settings.smtp_url:
        say("E-mail is not configured, so nobody can be paged by it: set ONCALL_SMTP_URL.")


def _uvicorn(settings: Settings) -> dict[str, Any]:
    return {
        "host": settings.host,
        "port": settings.port,
        "loop": "uvloop",
        "http": "httptools",
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "timeout_keep_alive": KEEP_ALIVE,
        "timeout_graceful_shutdown": DRAIN,
    }


def _frozen_when_ready(node: Node) -> FastAPI:
    """What start-up has made stays for ever: the garbage collector need not look at it again."""
    started = node.app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with started(app):
            gc.collect()
            gc.freeze()
            yield

    node.app.router.lifespan_context = lifespan
    return node.app


async def _run_engine(settings: Settings, url: str) -> None:
    """An engine without HTTP: until SIGTERM or SIGINT, then drain."""
    node = Node(settings, url, role=Role.ENGINE)
    done = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(name, done.set)
    await node.start()
    gc.collect()
    gc.freeze()
    await done.wait()
    await node.stop()
