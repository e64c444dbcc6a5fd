"""The import contracts hold, and each of them can fail: with a message that says what to do instead."""

from collections.abc import Callable, Mapping
from pathlib import Path

import grimp
import pytest
from tests.architecture.contracts import RESERVED, breaches, laws
from tests.architecture.rooms import FILES


def test_the_contracts_are_kept() -> None:
    if broken := breaches():
        pytest.fail("\n\n".join(broken), pytrace=False)


Build = Callable[[Mapping[str, str]], None]


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Makes an importable package `house` of these files; a folder given for a file (rules/roles.py) takes its place."""

    def build(files: Mapping[str, str]) -> None:
        for path, text in files.items():
            file = tmp_path / "house" / path
            file.parent.with_suffix(".py").unlink(missing_ok=True)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        for folder in {file.parent for file in tmp_path.rglob("*.py")}:
            (folder / "__init__.py").touch()
        monkeypatch.syspath_prepend(str(tmp_path))

    return build


# A house in our shape: one full room, and what the others need for a contract to exist.
HOUSE = {f"teams/{file}.py": "" for file in FILES} | {
    "app.py": "import house.incidents.commands",
    "incidents/commands.py": "import house.teams.commands",
    "channels/email.py": "import httpx",
    "audit/commands.py": "",
    "timeline/commands.py": "",
    "engine/ticker.py": "import apscheduler.schedulers.asyncio",
    "kit/db.py": "import asyncpg, sqlalchemy",
    "kit/migrate.py": "import alembic",
    "kit/ids.py": "import uuid_utils",
    "kit/clock.py": "",
    "kit/http.py": "import fastapi, starlette",
    "teams/store.py": "from house.teams import tables\nfrom house.teams.values import Team",
    "teams/commands.py": "from house.teams import store",
    "teams/tables.py": "from house.kit.db import metadata",
    "teams/api.py": "from fastapi import APIRouter\nfrom house.kit.http import problem",
}


LAYERS = "rooms: top may import below, never the reverse"
TABLES = "house.teams.tables belongs to house.teams.store"
STORE = "house.teams.store is private to its room"
CHANNELS = "channels know no database"

# What breaks a law, and which words of the message name the culprit.
BREAKS = [
    (LAYERS, "a lower room imports a higher one", {"teams/commands.py": "import house.incidents.commands"}, "house.incidents"),
    (LAYERS, "rooms side by side", {"audit/commands.py": "from house.timeline.commands import add"}, "house.timeline"),
    (LAYERS, "a room without a level", {"billing/values.py": ""}, "house.billing"),
    (TABLES, "a higher room's store", {"incidents/store.py": "from house.teams.tables import teams"}, "house.incidents.store"),
    (TABLES, "the room's own command", {"teams/commands.py": "from house.teams import tables"}, "house.teams.commands"),
    (STORE, "a higher room's command", {"incidents/commands.py": "from house.teams import store"}, "house.incidents.commands"),
    (CHANNELS, "a channel that reads", {"channels/sms.py": "from house.kit import db"}, "house.channels.sms -> house.kit.db"),
    (
        CHANNELS,
        "by a detour",
        {"channels/sms.py": "import house.kit.ids", "kit/ids.py": "import sqlalchemy"},
        "house.kit.ids -> sqlalchemy",
    ),
    ("values.py imports only what it may", "a tool with an opinion", {"teams/values.py": "import house.kit.db"}, "house.kit.db"),
    ("rules.py imports only what it may", "the clock", {"teams/rules/roles.py": "import house.kit.clock"}, "house.teams.rules.roles"),
    ("tables.py imports only what it may", "ids", {"teams/tables.py": "import house.kit.ids"}, "house.kit.ids"),
    *(
        (f"{file}.py imports only what it may", other, {f"teams/{file}.py": f"from house.teams import {other}"}, f"house.teams.{other}")
        for file, may in FILES.items()
        for other in FILES
        if other not in may.files and other != file
    ),
    *(
        (
            f"{name.removeprefix('.')} is reserved",
            "outside",
            {"teams/rules.py": f"import {name}".replace(" .", " house.")},
            "house.teams.rules",
        )
        for name in RESERVED
    ),
]


@pytest.mark.parametrize(("law", "what", "files", "culprit"), BREAKS, ids=[f"{law}: {what}" for law, what, *_ in BREAKS])
def test_each_contract_can_fail(build: Build, law: str, what: str, files: dict[str, str], culprit: str) -> None:
    build(HOUSE | files)
    [message] = [message for message in breaches("house") if message.startswith(f"{law}\n")]
    assert culprit in message
    assert "Instead" in message


def test_every_contract_has_been_seen_to_fail(build: Build) -> None:
    build(HOUSE)
    modules = grimp.build_graph("house", include_external_packages=True, cache_dir=None).modules
    assert {law.name for law in laws(modules, "house")} <= {law for law, *_ in BREAKS}


@pytest.mark.parametrize(
    ("what", "files"),
    [
        ("the house as it stands", {}),
        ("reports read lower tables", {"reports/store.py": "from house.teams import tables"}),
        ("rules that outgrew their file", {"teams/rules/roles.py": "from house.teams import values"}),
        ("an api that outgrew its file", {"teams/api/users.py": "import fastapi, house.teams.commands"}),
        ("commands of a lower room", {"incidents/due.py": "import house.engine.ticker, house.teams.commands"}),
        ("the wiring knows itself", {"__main__.py": "import house.cli", "cli.py": "import house.app"}),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_the_contracts_allow(build: Build, what: str, files: dict[str, str]) -> None:
    build(HOUSE | files)
    assert breaches("house") == []
