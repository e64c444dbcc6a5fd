"""Serving: the port, uvicorn around a node, one process or several, and how they leave."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType
from typing import Any

import typer
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from uvicorn.supervisors import Multiprocess

from oncall.app import Node
from oncall.app.routes import Role
from oncall.cli import stop
from oncall.kit import log
from oncall.kit.again import AGAIN, Again
from oncall.kit.db import Database
from oncall.kit.settings import PREFIX, Settings, load

# Together less than the 30 s after which Kubernetes kills.
NOTICE = 1.0
"""Seconds between failing readiness and closing the port, so that a balancer sends nobody to a closed door."""
DRAIN = 10
STOP = 15.0
KEEP_ALIVE = 75

ROLE, PARENT = "_ONCALL_WORKER_ROLE", "_ONCALL_WORKER_PARENT"
last_log = log.get_log("serve")


def open_port(host: str, port: int, *, by: str = f"{PREFIX}HOST, {PREFIX}PORT") -> socket.socket:
    """Take the port before anything else is started, or end with one line that says why it cannot be had, and `by` what it is set."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(family, kind)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)  # now: two sockets may be bound to one port until one of them listens
    except OSError as error:
        stop(f"cannot listen on {host} port {port} ({by}): {error.strerror or error}", code=1)
    return listening


def check_mail_port(settings: Settings) -> None:
    """The port for mails can be had: ends with one line if not. The node takes it, each worker for itself, so here it is only tried: it is
    not shared with another service's, which would lose half of its mails here.
    """
    if settings.smtp_address:
        open_port(*settings.smtp_address, by=f"{PREFIX}SMTP_LISTEN").close()


def listen(settings: Settings, url: str, role: Role, workers: int, port: socket.socket) -> None:
    """uvicorn until a signal, which it raises once more when it has drained: then it is our caller's turn to leave."""
    with _ignored(signal.SIGTERM, signal.SIGINT):
        if workers == 1:
            config = uvicorn.Config(_served(Node(settings, Database(url), role=role)), **_uvicorn(settings))
            uvicorn.Server(config).run([port])
            return
        os.environ |= {PREFIX + "DATABASE_URL": url, PREFIX + "HOST": settings.host, PREFIX + "PORT": str(settings.port)}
        os.environ |= {ROLE: role.value, PARENT: str(os.getpid())}
        config = uvicorn.Config("oncall.cli.listening:make_worker", factory=True, workers=workers, **_uvicorn(settings))
        parent = Multiprocess(config, [port])
        parent.run()
        if any((process.exitcode or 0) > 0 for process in parent.processes):  # below zero: by the signal that we passed on
            raise typer.Exit(1)


RARELY = 5_000, 20, 100
"""When the garbage collector looks at new, older and all objects: a look at all of them stops everything for ten milliseconds and more."""


def run_engine(settings: Settings, url: str) -> None:
    """An engine without HTTP: until SIGTERM or SIGINT, then drain."""
    asyncio.run(_engine(settings, url))


async def _engine(settings: Settings, url: str) -> None:
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    node = Node(settings, Database(url), role=Role.ENGINE)
    await _start(node)
    await done.wait()
    await _stop(node)


async def _start(node: Node) -> None:
    await node.start()
    gc.collect()
    gc.freeze()  # what start-up has made stays for ever: the garbage collector need not look at it again
    gc.set_threshold(*RARELY)


async def _stop(node: Node) -> None:
    try:
        async with asyncio.timeout(STOP):
            await node.stop()
    except TimeoutError:
        last_log.error("not everything ended in time; leaving it")


def make_worker() -> FastAPI:
    """The application of one of several worker processes; its parent has prepared the database."""
    settings = load()
    log.configure(level=settings.log_level)
    url = (settings.database_url or SecretStr("")).get_secret_value()
    return _served(Node(settings, Database(url), role=Role(os.environ[ROLE]), shares_ports=True))


def _uvicorn(settings: Settings) -> dict[str, Any]:
    return {
        "host": settings.host,
        "port": settings.port,
        "loop": "uvloop",
        "http": Again,
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "timeout_keep_alive": KEEP_ALIVE,
        "timeout_graceful_shutdown": DRAIN,
    }


def _served(node: Node) -> FastAPI:
    """The node's application, with what a process of its own needs around its life."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, object]]:
        await _start(node)
        with _unready_first(app), _leaving_with(os.environ.get(PARENT)):
            yield {AGAIN: app.state.again}
        await _stop(node)

    node.app.router.lifespan_context = lifespan
    return node.app


@contextmanager
def _unready_first(app: FastAPI) -> Iterator[None]:
    """SIGTERM, or ^C, fails readiness and ends streams; only a moment later uvicorn takes no more. A second one is told at once."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    leave = {int(number): signal.getsignal(number) for number in numbers}

    def told(number: int, frame: FrameType | None) -> None:
        obey = leave[number]
        assert callable(obey)  # noqa: S101 — uvicorn's own, which it has set before it starts the application
        obey(number, frame)

    def drain(number: int, frame: FrameType | None) -> None:
        if app.state.draining:
            told(number, frame)
        app.state.draining = True
        loop.call_soon_threadsafe(loop.call_later, NOTICE, told, number, None)

    for number in numbers:
        signal.signal(number, drain)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, leave[number])


@contextmanager
def _leaving_with(parent: str | None) -> Iterator[None]:
    """A worker whose parent was killed leaves as well: nobody would start it again, and it would keep the port."""

    async def watch() -> None:
        while str(os.getppid()) == parent:  # noqa: ASYNC110 — nobody tells a process that its parent has died
            await asyncio.sleep(0.5)
        last_log.error("the parent process is gone; leaving")
        signal.raise_signal(signal.SIGTERM)

    task = asyncio.get_running_loop().create_task(watch(), name="parent") if parent else None
    try:
        yield
    finally:
        if task:
            task.cancel()


@contextmanager
def _ignored(*numbers: signal.Signals) -> Iterator[None]:
    """uvicorn raises the signal that ended it again: it has done its work by then."""
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
