"""The `oncall` command: run it, set it up, try it out."""

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import SecretStr
from rich.console import Console

from oncall import __version__
from oncall.app.routes import Role, openapi_document
from oncall.channels.mail_settings import parse_mail_from, parse_smtp_url
from oncall.channels.messengers import check_providers
from oncall.channels.twilio_settings import read_twilio
from oncall.cli import integrations, messages
from oncall.intake.smtp import read_listening
from oncall.kit.outbound import read_outbound_allow
from oncall.kit.settings import PREFIX, Settings, SettingsError, load

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # they print the values of variables, secrets included
    help="Self-hosted on-call alerting and paging: alerts in, the right person paged, until somebody acknowledges.",
    epilog="Configuration is environment variables only: `oncall settings` lists them.",
)
console = Console()


def settings_or_exit() -> Settings:
    """The settings; whatever cannot be used ends the program with one line that says which variable and why."""
    try:
        settings = load()
        if settings.smtp_url:
            _usable("SMTP_URL", lambda: parse_smtp_url(settings.smtp_url.get_secret_value() if settings.smtp_url else ""))
        _usable("MAIL_FROM", lambda: parse_mail_from(settings.mail_from))
        read_twilio(settings)
        read_listening(settings)
        _usable("OUTBOUND_ALLOW", lambda: read_outbound_allow(settings.outbound_allow))
        check_providers(settings)
    except SettingsError as error:
        stop(str(error))
    return settings


def _usable(name: str, read: Callable[[], object]) -> None:
    try:
        read()
    except ValueError as error:
        raise SettingsError(f"{PREFIX}{name} cannot be used: {error}") from None


def stop(sentence: str, *, code: int = 2) -> NoReturn:
    """End with one line on stderr."""
    print(f"oncall: {sentence}", file=sys.stderr)  # noqa: T201 — the program's own output
    raise typer.Exit(code)


@app.command()
def serve(
    role: Annotated[Role, typer.Option(help="api answers HTTP, engine pages people, all does both.")] = Role.ALL,
    host: Annotated[str | None, typer.Option(help="Address to listen on (ONCALL_HOST).")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on (ONCALL_PORT). An engine listens only if this is given.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Processes that answer HTTP.")] = 1,
) -> None:
    """Run it: take events, page people, answer requests.

    Without ONCALL_DATABASE_URL it starts and migrates its own PostgreSQL. SIGTERM drains: readiness fails, what is under way ends.
    """
    from oncall.cli.serve import run  # noqa: PLC0415 — keeps `oncall --help` quick

    run(settings_or_exit(), role=role, host=host, port=port, workers=workers)


@app.command()
def migrate() -> None:
    """Bring the database to this version."""
    from oncall.cli.database import bring_up_to_date, database  # noqa: PLC0415

    with database(settings_or_exit()) as url:
        bring_up_to_date(url)
    console.print("The database has the schema of this version.")


@app.command()
def demo() -> None:
    """An alert, a page and an escalation, told live.

    A sample team, a real alert, a page, an escalation and an acknowledgement, told step by step, on a node of its own.
    """
    from oncall.cli.demo import tell  # noqa: PLC0415

    tell()


@app.command()
def settings() -> None:
    """List every setting and its value now."""
    now = settings_or_exit()
    for name, field in Settings.model_fields.items():
        console.print(f"{PREFIX}{name.upper()} = {_shown(getattr(now, name))}", style="bold", highlight=False, markup=False, soft_wrap=True)
        console.print(f"    {field.description}", highlight=False, markup=False, soft_wrap=True)


def _shown(value: object) -> str:
    """A setting as it may be seen over a shoulder."""
    match value:
        case None | () | "":
            return "(not set)"
        case SecretStr() | (SecretStr(), *_):
            return "(set, not shown)"
        case tuple():
            return ", ".join(map(str, value))
        case timedelta():
            return f"{value.total_seconds():g} s"
        case _:
            return str(value)


@app.command()
def reseal() -> None:
    """Seal secrets anew with the first of ONCALL_SECRET_KEYS.

    Those that were stored before they were sealed are sealed, too. Afterwards the keys behind it are needed for nothing that is stored:
    once every node has the new one, and no message with an old link is of use any more, they can be taken away.
    """
    from oncall.cli.reseal import run  # noqa: PLC0415

    run(settings_or_exit())


@app.command()
def audit(
    kept: Annotated[str | None, typer.Option(help="An end of the delivery ledger (SEQ:HASH) that an earlier audit printed.")] = None,
) -> None:
    """Look for what must never be, over all data.

    One line for each finding, and code 1 if there is any: incidents without a next action, overdue work, pages after an acknowledgement,
    and whether the delivery ledger is what was sealed. Reads only.
    """
    from oncall.cli.audit import run  # noqa: PLC0415

    run(settings_or_exit(), kept=kept)


AsJson = Annotated[bool, typer.Option("--json", help="Print the server's answer as it is.")]
FOR_SERVICE = "A service, by name or id."


@app.command()
def who(
    service: Annotated[str, typer.Argument(help=FOR_SERVICE)],
    at: Annotated[str | None, typer.Option(help="An instant, such as 2026-03-08T03:00:00Z; now unless it is said.")] = None,
    as_json: AsJson = False,
) -> None:
    """Who is on call for a service.

    Asks the server at ONCALL_URL (http://127.0.0.1:8080 unless it is set) with ONCALL_API_KEY, as the other daily verbs do.
    """
    from oncall.cli import daily  # noqa: PLC0415

    daily.who(service, at=at, as_json=as_json)


@app.command()
def incidents(
    status: Annotated[list[str] | None, typer.Option(help="triggered, acknowledged, resolved or closed; several are any of them.")] = None,
    service: Annotated[str | None, typer.Option(help=FOR_SERVICE)] = None,
    as_json: AsJson = False,
) -> None:
    """List the incidents that are open."""
    from oncall.cli import daily  # noqa: PLC0415

    daily.incidents(statuses=status or [], service=service, as_json=as_json)


@app.command()
def ack(incident: Annotated[str, typer.Argument(help="Its number, or its id.")], as_json: AsJson = False) -> None:
    """Acknowledge an incident: you have it."""
    from oncall.cli import daily  # noqa: PLC0415

    daily.ack(incident, as_json=as_json)


@app.command()
def page(
    user: Annotated[str, typer.Argument(help="Whom: a name, an e-mail address or an id; how it begins will do if that is clear.")],
    text: Annotated[str, typer.Argument(help="What it is about, in one line.")],
    team: Annotated[bool, typer.Option("--team", help="USER is a team: whoever is on call for it.")] = False,
    urgency: Annotated[str | None, typer.Option(help="high (unless it is said) or low.")] = None,
    service: Annotated[str | None, typer.Option(help="Whose policy pages if nobody answers, by name or id.")] = None,
    incident: Annotated[str | None, typer.Option(help="An open incident they are asked to join: its number, or its id.")] = None,
    as_json: AsJson = False,
) -> None:
    """Page somebody directly, now."""
    from oncall.cli import daily  # noqa: PLC0415

    daily.page(user, text, is_team=team, urgency=urgency, service=service, incident=incident, as_json=as_json)


@app.command()
def simulate(
    file: Annotated[Path | None, typer.Argument(help="What POST /api/v1/simulate takes, as JSON; - is the standard input.")] = None,
    service: Annotated[str | None, typer.Option(help=FOR_SERVICE)] = None,
    severity: Annotated[str | None, typer.Option(help="critical (unless it is said), error, warning, info or unknown.")] = None,
    summary: Annotated[str | None, typer.Option(help="What the event says.")] = None,
    at: Annotated[str | None, typer.Option(help="When it comes, such as 2026-03-08T03:00:00Z; now unless it is said.")] = None,
    until: Annotated[str | None, typer.Option(help="Until when it is played; a day unless it is said.")] = None,
    acknowledge: Annotated[list[str] | None, typer.Option(help="Who acknowledges how long after: ana=PT7M, or PT7M for you.")] = None,
    resolve: Annotated[list[str] | None, typer.Option(help="Who resolves it how long after, in the same form.")] = None,
    as_json: AsJson = False,
) -> None:
    """Whom an event would page, and why.

    Nothing is written and nobody is paged. What is said by options counts beside what is in FILE.
    """
    from oncall.cli import daily  # noqa: PLC0415

    event = {name: value for name, value in (("severity", severity), ("summary", summary)) if value}
    asked = {name: value for name, value in (("at", at), ("until", until), ("event", event)) if value}
    reactions = [("acknowledge", words) for words in acknowledge or []] + [("resolve", words) for words in resolve or []]
    daily.simulate(file, asked=asked, service=service, reactions=reactions, as_json=as_json)


@app.command()
def coverage(
    days: Annotated[int, typer.Option(min=1, max=90, help="How far ahead.")] = 30,
    service: Annotated[str | None, typer.Option(help=FOR_SERVICE)] = None,
    quiet_hours: Annotated[bool, typer.Option("--quiet-hours", help="Low urgency that waits for quiet hours counts as a hole.")] = False,
    as_json: AsJson = False,
) -> None:
    """Prove that somebody is reached at every instant to come.

    Every stretch in which an incident would reach nobody, and why, step by step; code 1 if there is any.
    """
    from oncall.cli import covering  # noqa: PLC0415

    covering.coverage(days=days, service=service, quiet_hours=quiet_hours, as_json=as_json)


@app.command()
def openapi(
    write: Annotated[Path | None, typer.Option(help="Write the document to this file.")] = None,
    check: Annotated[Path | None, typer.Option(help="Fail if this file is not current.")] = None,
) -> None:
    """Print, write or check the OpenAPI document."""
    text = json.dumps(openapi_document(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    if write:
        write.write_text(text)
    elif check:
        if not check.exists() or check.read_text() != text:
            stop(f"{check} is not current: run `make openapi` and commit it.", code=1)
    else:
        print(text, end="")  # noqa: T201 — the program's own output


@app.command()
def docs(
    write: Annotated[Path | None, typer.Option(help="Write the pages into the project in this folder.")] = None,
    check: Annotated[Path | None, typer.Option(help="Fail if those in this folder are not current.")] = None,
) -> None:
    """Write or check the pages of documentation that are made from the dialects, the channels and the routes."""
    if write:
        integrations.write(write)
        messages.write(write)
    elif check and (stale := integrations.stale(check) + messages.stale(check)):
        stop(f"{', '.join(stale)}: not current; run `make docs` and commit it.", code=1)


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)  # noqa: T201 — the program's own output


def main() -> None:
    app()
