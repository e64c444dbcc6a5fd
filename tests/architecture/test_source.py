"""What the source must not say, held against every file of src/oncall; each check is shown what it refuses and what it lets pass."""

from collections.abc import Callable

import pytest
from tests.architecture import checks
from tests.architecture.checks import CHECKS, folders_without_a_sign, long_files
from tests.architecture.reading import Source, sources

Check = Callable[[Source], list[str]]
TREE = sources()


@pytest.mark.parametrize("check", CHECKS, ids=[check.__name__.removeprefix("check_") for check in CHECKS])
def test_the_tree_keeps(check: Check) -> None:
    wrong = [message for source in TREE for message in check(source)]
    if wrong:
        pytest.fail("\n".join([*wrong, long_files(TREE)]), pytrace=False)


def test_every_folder_has_its_sign() -> None:
    assert not folders_without_a_sign(TREE)
    assert "intake" in str(folders_without_a_sign([Source("intake/hot.py", "")]))


REFUSED: dict[Check, list[tuple[str, str, str]]] = {
    checks.check_transactions: [
        ("intake/commands.py", "await tx.commit()", ".commit()"),
        ("kit/listen.py", "async with connection.begin(): ...", ".begin()"),
        ("intake/store.py", "END = text('commit')", "COMMIT"),
        ("intake/store.py", "SAVE = text('INSERT INTO events VALUES (1); COMMIT;')", "COMMIT"),
        ("kit/embedded.py", "SCRIPT = 'BEGIN; SELECT 1'", "BEGIN"),
        ("intake/store.py", "await tx.execute(text('start transaction isolation level serializable'))", "START TRANSACTION"),
    ],
    checks.check_connections: [
        ("teams/tables.py", "from sqlalchemy.orm import DeclarativeBase", "sqlalchemy.orm"),
        ("teams/store.py", "from sqlalchemy.ext.asyncio import AsyncSession", "AsyncSession"),
        ("kit/db.py", "from sqlalchemy.ext.asyncio import async_sessionmaker", "async_sessionmaker"),
        ("app.py", "from sqlalchemy.ext.asyncio import create_async_engine", "create_async_engine"),
        ("intake/store.py", "import asyncpg", "asyncpg"),
        ("intake/store.py", "raw = await tx.get_raw_connection()", "get_raw_connection"),
    ],
    checks.check_wire: [
        ("channels/sms.py", "import httpx\nasync def page(tx):\n    httpx.AsyncClient()", "httpx.AsyncClient"),
        ("notifications/commands.py", "async def page(tx, channel):\n    await channel.send(1)", "channel.send"),
        ("notifications/commands.py", "async def page(*, tx):\n    await self._client.post(url)", "self._client.post"),
        (
            "notifications/due.py",
            "async def run():\n  async with db.transaction() as tx:\n    await self.channels[x].send(m)",
            "channels[].send",
        ),
        ("handoffs/due.py", "from oncall.kit import http_client as out\ndef f(tx): out.HttpClient()", "oncall.kit.http_client.HttpClient"),
    ],
    checks.check_interpolation: [
        ("teams/store.py", "GET = text(f'SELECT {columns} FROM users')", "glued"),
        ("teams/store.py", "sql = 'SELECT * FROM users WHERE ' + where", "glued"),
        ("teams/store.py", "sql = 'DELETE FROM %s WHERE true' % table", "glued"),
        ("teams/store.py", "sql = 'UPDATE {} SET x = 1'.format(table)", "glued"),
        ("teams/store.py", "from sqlalchemy import text\nGET = text(QUERY + order)", "glued"),
        ("teams/store.py", "import sqlalchemy as sa\nGET = sa.text(f'{x}')", "glued"),
    ],
    checks.check_clocks: [
        ("teams/store.py", "GET = text('SELECT now()')", "`now()`"),
        ("teams/store.py", "GET = '''UPDATE users SET seen_at = CURRENT_TIMESTAMP'''", "`CURRENT_TIMESTAMP`"),
        ("teams/store.py", "GET = text('due < clock_timestamp ( )')", "clock_timestamp"),
        ("teams/store.py", f"GET = text('SELECT {checks.BY_ITSELF}, now()')", "`now()`"),
        ("teams/store.py", "GET = 'select localtime'", "localtime"),
        ("teams/store.py", "GET = text(\"due < 'now'::timestamptz\")", "'now'"),
        ("kit/listen.py", "await c.execute('SELECT transaction_timestamp()')", "transaction_timestamp"),
        ("teams/tables.py", "Column('at', server_default='now()')", "`now()`"),
        ("teams/tables.py", "Column('at', server_default=text('now()'))", "`now()`"),
        ("teams/tables.py", "from sqlalchemy import func\nColumn('at', server_default=func.now())", "sqlalchemy.func.now"),
        ("teams/tables.py", "CheckConstraint('at < now()', name='past')", "`now()`"),
        ("teams/commands.py", "from datetime import datetime as dt\nx = dt.now(UTC)", "datetime.datetime.now"),
        ("teams/commands.py", "import datetime\nx = datetime.datetime.utcnow()", "datetime.datetime.utcnow"),
        ("teams/commands.py", "from datetime import date\nx = date.today", "datetime.date.today"),
        ("engine/ticker.py", "import time\nx = time.time()", "time.time"),
        ("teams/commands.py", "from time import monotonic as m\nx = m()", "time.monotonic"),
        ("teams/commands.py", "import asyncio\nx = asyncio.get_running_loop().time()", "get_running_loop().time"),
    ],
    checks.check_core: [
        ("incidents/rules.py", "async def decide(): ...", "async"),
        ("incidents/rules/dedup.py", "import time", "`time`"),
        ("incidents/rules/dedup.py", "import random", "`random`"),
        ("teams/values.py", "import os.path", "`os.path`"),
        ("schedules/rules/layers.py", "from asyncio import sleep", "`asyncio.sleep`"),
        ("schedules/rules/layers.py", "from sqlalchemy import text", "`sqlalchemy.text`"),
        ("intake/adapters/grafana.py", "from fastapi import Request", "`fastapi.Request`"),
        ("incidents/rules.py", "from urllib.request import urlopen", "`urllib.request.urlopen`"),
        ("incidents/values.py", "from uuid import uuid4\nx = uuid4()", "uuid.uuid4"),
        ("incidents/rules.py", "from oncall.kit.ids import new_id\nx = new_id()", "oncall.kit.ids.new_id"),
    ],
    checks.check_size: [("teams/store.py", "x = 1\n" * 501, "501 lines")],
    checks.check_file_set: [
        ("teams/membership.py", "", "`membership`"),
        ("teams/membership/store.py", "", "`membership`"),
    ],
    checks.check_names: [
        ("kit/util/text.py", "", "`util`"),
        ("teams/item_rules.py", "", "`item`"),
        ("teams/service.py", "", "service.py"),
        ("channels/base.py", "", "base.py"),
        ("teams/commands.py", "class EventHandler: ...", "`Handler`"),
        ("teams/commands.py", "class HTTPInfo: ...", "`Info`"),
        ("teams/commands.py", "class PagingService: ...", "class suffix"),
        ("teams/commands.py", "class X:\n    async def _load_data(self): ...", "`data`"),
        ("teams/commands.py", "def list_items(): ...", "`items`"),
        ("teams/commands.py", "def helper2(): ...", "`helper`"),
    ],
    checks.check_signs: [
        ("teams/__init__.py", "", "room sign"),
        ("teams/store.py", "# All SQL.\nx = 1", "docstring"),
    ],
    checks.check_silence: [
        ("teams/commands.py", "try:\n    f()\nexcept KeyError:\n    pass", "silence"),
        ("teams/commands.py", "for x in y:\n    try:\n        f()\n    except KeyError:\n        continue", "silence"),
        ("teams/commands.py", "try:\n    f()\nexcept KeyError:\n    ...", "silence"),
        ("teams/commands.py", "import contextlib\nwith contextlib.suppress(Exception):\n    f()", "silence"),
    ],
}

ALLOWED: dict[Check, list[tuple[str, str]]] = {
    checks.check_transactions: [
        ("kit/db.py", "tx.begin(); tx.commit()"),
        ("intake/commands.py", "async with tx.begin_nested(): ..."),
        ("schedules/rules/feeds.py", "BEGIN = 'BEGIN:VCALENDAR'"),
        ("intake/adapters/github.py", "subject = payload['commit'] or 'commit'"),
        ("console/api.py", "'The job stops at the end; COMMIT is the word.'"),
    ],
    checks.check_connections: [
        ("teams/store.py", "from sqlalchemy.ext.asyncio import AsyncConnection"),
        ("kit/listen.py", "import asyncpg"),
    ],
    checks.check_wire: [
        ("notifications/due.py", "async def send(channel):\n    await channel.send(1)"),
        ("teams/store.py", "async def find(tx, known):\n    await tx.execute(GET)\n    return known.get(1)"),
    ],
    checks.check_interpolation: [
        ("teams/store.py", "GET = text('SELECT name FROM users WHERE id = :id')"),
        ("teams/store.py", "from sqlalchemy import text\nGET = text(QUERY)"),
        ("teams/commands.py", "say = f'Cannot delete {name} from the team'"),
    ],
    checks.check_clocks: [
        ("kit/clock.py", "NOW = text('SELECT clock_timestamp()')"),
        ("kit/log.py", "import time\nx = time.time()"),
        ("engine/ticker.py", "import time\nx = time.monotonic()"),
        ("teams/commands.py", "'''Takes now() from nobody: SELECT now() is kit.clock's.'''"),
        ("teams/values.py", "'call now() instead'"),
        ("teams/store.py", "GET = text('SELECT known_at FROM users WHERE next_at <= :now')"),
        ("teams/store.py", f"GET = text('SELECT {checks.BY_ITSELF}')"),
        ("teams/commands.py", "from datetime import time\nx = time(9)"),
    ],
    checks.check_core: [
        ("incidents/rules.py", "from urllib.parse import urlsplit\nimport math, re\nfrom collections.abc import Mapping"),
        ("intake/adapters/grafana.py", "import msgspec\nfrom oncall.intake.values import Event"),
        ("incidents/commands.py", "import random\nfrom oncall.kit.ids import new_id\nasync def f(): new_id()"),
        ("kit/values.py", "import os"),
    ],
    checks.check_size: [("teams/store.py", "x = 1\n" * 500)],
    checks.check_file_set: [
        ("teams/rules/roles.py", ""),
        ("teams/__init__.py", ""),
        ("channels/sms.py", ""),
        ("app.py", ""),
    ],
    checks.check_names: [
        ("services/values.py", "class NewService: ..."),
        ("teams/values.py", "class Service: ..."),
        ("kit/settings.py", "def default_data_dir(): ..."),
        ("postmortems/commands.py", "class ActionItem: ...\ndef add_action_item(): ..."),
        ("kit/db.py", "metadata = MetaData()\nclass Database: ..."),
        ("kit/log.py", "import logging\nhandler = logging.StreamHandler()"),
        ("teams/schemas.py", "class Listed:\n    items: list[int]"),
    ],
    checks.check_signs: [("teams/__init__.py", '"""People, and the teams they work in."""')],
    checks.check_silence: [
        ("teams/commands.py", "try:\n    f()\nexcept KeyError:\n    pass  # it had gone already"),
        ("teams/commands.py", "try:\n    f()\n# it had gone already\nexcept KeyError:\n    pass"),
        ("teams/commands.py", "try:\n    f()\nexcept KeyError:\n    log.warning('gone')"),
        ("teams/commands.py", "from contextlib import suppress\nwith suppress(KeyError):\n    f()"),
    ],
}


@pytest.mark.parametrize(
    ("check", "path", "text", "says"),
    [(check, *case) for check, cases in REFUSED.items() for case in cases],
    ids=lambda x: x.__name__ if callable(x) else repr(x)[:60],
)
def test_refused(check: Check, path: str, text: str, says: str) -> None:
    [message] = check(Source(path, text))
    assert message.startswith(f"src/oncall/{path}:")
    assert says in message
    assert "instead" in message


@pytest.mark.parametrize(
    ("check", "path", "text"),
    [(check, *case) for check, cases in ALLOWED.items() for case in cases],
    ids=lambda x: x.__name__ if callable(x) else repr(x)[:60],
)
def test_allowed(check: Check, path: str, text: str) -> None:
    assert check(Source(path, text)) == []


def test_every_check_has_been_seen_to_refuse_and_to_let_pass() -> None:
    assert set(REFUSED) == set(ALLOWED) == set(CHECKS)
