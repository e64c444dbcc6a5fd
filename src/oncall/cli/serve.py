"""`oncall serve`: the port, the database, the first key and the sample, then a node until it is told to leave."""

import asyncio
import signal
import socket
import sys
from dataclasses import dataclass

from oncall.access.commands import ensure_admin_key
from oncall.app.routes import Role
from oncall.channels.email import EmailChannel
from oncall.channels.mail_settings import parse_mail_from
from oncall.cli import console, stop
from oncall.cli.database import UNUSABLE, bring_up_to_date, database, unusable
from oncall.cli.listening import check_mail_port, listen, open_port, run_engine
from oncall.cli.sample import make_sample
from oncall.kit import log, schema
from oncall.kit.clock import DatabaseClock
from oncall.kit.compiled import CONFIGURATION, changed
from oncall.kit.db import CONNECTIONS_PER_PROCESS, Database
from oncall.kit.keyring import load_ring
from oncall.kit.sealing import Sealing
from oncall.kit.settings import PREFIX, Settings

EMBEDDED_CONNECTIONS = 97
"""PostgreSQL's own default is 100, three of them for its owner."""


def run(settings: Settings, *, role: Role, host: str | None, port: int | None, workers: int) -> None:
    """Start, say where it is, serve until SIGTERM, drain, and stop the embedded database if we were its last user."""
    # Until something better handles it, SIGTERM ends us as an exception does, so that no database is left behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    log.configure(level=settings.log_level)
    listening: socket.socket | None = None
    settings = settings.but(host=host or settings.host, port=settings.port if port is None else port)
    if role is not Role.ENGINE or port is not None:
        listening = open_port(settings.host, settings.port)
        settings = settings.but(port=listening.getsockname()[1])
    if role is Role.ENGINE and workers > 1:
        stop("--workers are processes that answer HTTP, and an engine answers none: start several engines instead.")
    if role is not Role.ENGINE:
        check_mail_port(settings)
    most = EMBEDDED_CONNECTIONS // CONNECTIONS_PER_PROCESS
    if not settings.database_url and workers > most:
        stop(f"the embedded PostgreSQL has connections for {most} workers: use fewer, or a PostgreSQL of your own ({PREFIX}DATABASE_URL).")
    with database(settings) as url:
        if not settings.database_url:
            bring_up_to_date(url)
        first = _prepared(settings, url)
        _greet(settings, role, first, listens=listening is not None)
        if listening is None:
            run_engine(settings, url)
        else:
            listen(settings, url, role, workers, listening)


@dataclass(frozen=True, slots=True)
class First:
    """Keys that exist since this very start, to be shown once."""

    admin_key: str | None
    sample_key: str | None


def _prepared(settings: Settings, url: str) -> First:
    """What a node takes for granted: secret keys, a schema it knows, a first admin key. Ends with one line if it cannot be."""
    try:
        ring = load_ring([key.get_secret_value() for key in settings.secret_keys], settings.data_dir)
    except OSError as error:
        stop(f"{PREFIX}DATA_DIR cannot be used: {error}", code=1)
    try:
        return asyncio.run(_prepare(settings, url, Sealing(ring)))
    except UNUSABLE as error:
        unusable(error)


async def _prepare(settings: Settings, url: str, sealing: Sealing) -> First:
    """Check the schema, make the first admin key and the sample where there is nothing yet."""
    db, clock = Database(url), DatabaseClock()
    try:
        async with db.transaction() as tx:
            if not await schema.is_current(tx):
                stop("the database has another schema than this version knows: run `oncall migrate` first.", code=1)
            now = await clock.now(tx)
            key = None if settings.admin_key else await ensure_admin_key(tx, now=now)
            email = EmailChannel(None, sender=parse_mail_from(settings.mail_from), now=clock.about)
            sample = await make_sample(tx, email, sealing, now=now)
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
    if settings.smtp_listen:
        say(f"Mails are taken at {settings.smtp_listen}, for KEY@{settings.mail_domain}: an integration's key is its address.")
    if not settings.public_url:
        say(f"Links in messages begin with {settings.base_url}: if phones cannot open that, set {PREFIX}PUBLIC_URL to what they can.")
        if settings.twilio_account_sid:
            say("Twilio cannot call back for the same reason: text messages and calls go out, and cannot be answered.")
    if settings.database_url and not settings.secret_keys:
        say(f"{PREFIX}SECRET_KEYS is not set: links signed here are unknown to nodes on other machines, and lost with the data folder.")
    if not settings.smtp_url:
        say("E-mail is not configured, so nobody can be paged by it: set ONCALL_SMTP_URL.")
