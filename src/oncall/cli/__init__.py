"""The `oncall` command: run it, set it up, try it out."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from oncall import __version__
from oncall.app import Role, openapi_document
from oncall.channels.mail_settings import parse_mail_from, parse_smtp_url
from oncall.kit import schema
from oncall.kit.outbound import read_outbound_allow
from oncall.kit.settings import PREFIX, Settings, SettingsError, load

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, help="Self-hosted on-call alerting and paging.")
console = Console()


def settings_or_exit() -> Settings:
    """The settings; whatever cannot be used ends the program with one line that says which variable and why."""
    try:
        settings = load()
        if settings.smtp_url:
            _usable("SMTP_URL", lambda: parse_smtp_url(settings.smtp_url.get_secret_value() if settings.smtp_url else ""))
        _usable("MAIL_FROM", lambda: parse_mail_from(settings.mail_from))
        _usable("OUTBOUND_ALLOW", lambda: read_outbound_allow(settings.outbound_allow))
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
    """Run it. Without ONCALL_DATABASE_URL it starts and migrates its own PostgreSQL. SIGTERM drains."""
    from oncall.cli.serve import run  # noqa: PLC0415 — keeps `oncall --help` quick

    run(settings_or_exit(), role=role, host=host, port=port, workers=workers)


@app.command()
def migrate() -> None:
    """Bring the database to this version."""
    from oncall.cli.serve import database  # noqa: PLC0415

    with database(settings_or_exit()) as url:
        schema.migrate(url)
    console.print("The database has the schema of this version.")


@app.command()
def demo() -> None:
    """A sample team, a real alert, a page, an escalation and an acknowledgement, told step by step."""
    from oncall.cli.demo import tell  # noqa: PLC0415

    tell()


@app.command()
def settings() -> None:
    """List every environment variable, its value now, and what it is for."""
    now = settings_or_exit()
    table = Table("variable", "value", "meaning")
    for name, field in Settings.model_fields.items():
        value = getattr(now, name)
        table.add_row(PREFIX + name.upper(), "" if value is None else str(value), field.description)
    console.print(table)


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
def version() -> None:
    """Print the version."""
    print(__version__)  # noqa: T201 — the program's own output


def main() -> None:
    app()
