"""The database a command works on: the configured one, or the embedded one, kept alive while we use it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from sqlalchemy.exc import DBAPIError

from oncall.cli import console, stop
from oncall.kit import schema
from oncall.kit.log import get_log
from oncall.kit.settings import PREFIX, Settings

if TYPE_CHECKING:
    from oncall.kit.embedded import EmbeddedServer

log = get_log("database")

LOOK_EVERY = 0.5
UNUSABLE = (DBAPIError, OSError, TimeoutError)
"""What a database that cannot be used raises before anything runs."""


@contextmanager
def database(settings: Settings, *, create: bool = True) -> Iterator[str]:
    """The URL of the configured database, or of the embedded one, which runs as long as any of our processes uses it. Whoever is only
    of use for one that is there says `create=False`: a new one would hide that the settings are not those of the running oncall."""
    if settings.database_url:
        yield settings.database_url.get_secret_value()
        return
    from oncall.kit.embedded import EmbeddedError, open_server  # noqa: PLC0415 — only where it is used, and not on Windows

    try:
        server = open_server(
            settings.data_dir, create=create, log=lambda line: console.print(line, highlight=False, markup=False, soft_wrap=True)
        )
    except EmbeddedError as error:
        stop(str(error), code=1)
    with server, _kept_alive(server):
        yield server.dsn


@contextmanager
def _kept_alive(server: "EmbeddedServer") -> Iterator[None]:
    """Nobody else looks after the embedded server: if it is killed while we run, we start it again."""
    from oncall.kit.embedded import EmbeddedError  # noqa: PLC0415 — as above

    done = threading.Event()

    def look() -> None:
        while not done.wait(LOOK_EVERY):
            try:
                if server.revive():
                    log.error("PostgreSQL had died and has been started again")
            except (EmbeddedError, OSError) as error:
                log.error("PostgreSQL has died and cannot be started", why=str(error))  # noqa: TRY400 — the sentence says it all

    thread = threading.Thread(target=look, name="embedded PostgreSQL", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def bring_up_to_date(url: str) -> None:
    """Migrate, or end with one line that says why not."""
    try:
        schema.migrate(url)
    except schema.UnknownSchema as error:
        stop(str(error), code=1)
    except UNUSABLE as error:
        unusable(error)


def unusable(error: Exception) -> NoReturn:
    """End with one line that says what is wrong with the database."""
    cause = getattr(error.orig, "__cause__", None) if isinstance(error, DBAPIError) else None
    said = str(cause or error).strip() or type(error).__name__
    stop(f"the database cannot be used ({PREFIX}DATABASE_URL): {said.splitlines()[0]}", code=1)
