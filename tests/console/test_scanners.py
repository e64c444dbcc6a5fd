"""Whatever opens a link before its reader does changes nothing: mail filters that fetch it, previews, and browsers that run scripts."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import uvicorn
from sqlalchemy import text
from tests.browser import ABSENT, chromium, visit
from tests.communications.telling import Telling, link_in
from tests.console.test_reporters import asked as asked_reporters
from tests.console.test_reporters import path_of
from tests.console.test_reporting import form
from tests.databases import ALL_TABLES
from tests.incidents.test_filing import reported
from tests.incidents.test_vendors import asked as asked_vendor
from tests.system import System, to

from oncall.channels.values import BundleMessage, PageMessage


@dataclass(frozen=True)
class Link:
    """How somebody comes by it, and with what a press of its button changes something."""

    name: str
    made: Callable[[System], Awaitable[str]]
    pressed_with: dict[str, str] = field(default_factory=dict)


async def page(system: System) -> PageMessage:
    made = await system.service([to(await system.user("Ana"))], [to(await system.user("Ben"))])
    await system.event(made["key"])
    [message] = system.email.sent
    assert isinstance(message, PageMessage)
    return message


async def acknowledges(system: System) -> str:
    return (await page(system)).acknowledge_url or ""


async def resolves(system: System) -> str:
    return (await page(system)).resolve_url or ""


async def escalates(system: System) -> str:
    return (await page(system)).escalate_url or ""


async def acknowledges_a_list(system: System) -> str:
    made = await system.service([to(await system.user("Ana"))], step_delay="PT30M")
    for n in range(5):  # the first three go at once, the others wait to travel together
        await system.event(made["key"], f"disk-{n}", severity="error")
    await system.advance(minutes=2, step=timedelta(seconds=10))
    [message] = [one for one in system.email.sent if isinstance(one, BundleMessage)]
    return message.acknowledge_url or ""


async def answers_for_a_vendor(system: System) -> str:
    _, _, link = await asked_vendor(system)
    return link


async def answers_for_a_reporter(system: System) -> str:
    ana, _, id = await reported(system)
    await ana.does(id, "resolve")
    [message] = asked_reporters(system)
    return path_of(message)


async def reports(system: System) -> str:
    _, path = await form(system)
    return path


async def subscriber(system: System) -> tuple[Telling, str]:
    """Somebody who was asked whether they agree, and the link by which they do."""
    ana = await system.user("Ana")
    made = await system.service([to(ana)])
    event = await system.event(made["key"])
    system.pages()
    telling = Telling(system, ana, made["service"], made["key"], event["incident_id"])
    assert (await telling.subscribe("email", "zoe@example.org")).status_code == 201
    [asked] = await telling.notices()
    return telling, link_in(asked, asked.links[0][1])


async def subscribes(system: System) -> str:
    return (await subscriber(system))[1]


async def unsubscribes(system: System) -> str:
    telling, path = await subscriber(system)
    assert (await system.client().post(path)).status_code == 200
    await telling.publish("We look.")
    [told] = [one for one in await telling.notices() if one.address == "zoe@example.org"]
    return link_in(told, "Unsubscribe")


LINKS = (
    Link("a page's acknowledge", acknowledges),
    Link("a page's resolve", resolves),
    Link("a page's escalate", escalates),
    Link("a list's acknowledge", acknowledges_a_list),
    Link("a vendor's", answers_for_a_vendor, {"say": "has_it"}),
    Link("a reporter's", answers_for_a_reporter, {"say": "satisfied"}),
    Link("a report form", reports, {"title": "The shop is slow", "name": "Kim"}),
    Link("a subscriber's consent", subscribes),
    Link("a subscriber's way out", unsubscribes),
)
every_link = pytest.mark.parametrize("link", LINKS, ids=lambda link: link.name)


OWN_PLACE = {"room_followers"}
"""How far a source has read, counted in transactions of the whole server: it moves by itself, whoever looks at what."""


def changed(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, list[str]]:
    """The rows of one that are not in the other, by their table."""
    return {name: sorted({*before[name]} ^ {*after[name]}) for name in before if before[name] != after[name]}


async def everything(system: System) -> dict[str, list[str]]:
    """Every row of every table but for a source's own place, once what is due is done."""
    await system.run_due()
    async with system.node.database.transaction(read_only=True) as tx:
        names = (await tx.execute(ALL_TABLES)).scalars().all()
        return {
            name: sorted(row.line for row in await tx.execute(text(f"SELECT CAST(CAST({name} AS text) AS text) AS line FROM {name}")))
            for name in names
            if name not in OWN_PLACE
        }


@every_link
async def test_to_look_changes_not_one_row_and_to_press_does(link: Link, system: System) -> None:
    path = urlsplit(await link.made(system)).path
    before = await everything(system)
    assert any(before.values())
    anybody = system.client()
    for _ in range(50):
        looked = await anybody.get(path)
        assert (looked.status_code, "<form" in looked.text) == (200, True)
    for more in ({"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "preview"}, {"Range": "bytes=0-99"}):
        assert (await anybody.get(path, headers=more)).status_code in {200, 206}
    for method in ("HEAD", "OPTIONS"):
        for _ in range(3):
            assert (await anybody.request(method, path)).status_code in {200, 204, 405}
    assert changed(before, await everything(system)) == {}
    pressed = await anybody.post(path, data=link.pressed_with)
    assert pressed.status_code in {200, 201}, pressed.text
    assert changed(before, await everything(system)), "the button is what acts"


@asynccontextmanager
async def listening(system: System) -> AsyncIterator[str]:
    """The same node on a port, for what needs a socket."""
    server = uvicorn.Server(uvicorn.Config(system.node.app, port=0, lifespan="off", log_config=None, ws="none"))
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:
            assert not serving.done(), "it did not start"
            await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@pytest.mark.soak
async def test_a_browser_that_runs_scripts_changes_not_one_row_by_a_page_s_links(system: System) -> None:
    program = chromium()
    if program is None:
        pytest.skip(ABSENT)
    message = await page(system)
    urls = [message.acknowledge_url, message.resolve_url, message.escalate_url]
    paths = [urlsplit(url).path for url in urls if url]
    assert len(paths) == 3
    before = await everything(system)
    assert "scripts run" in await visit(program, "data:text/html,<script>document.write('scripts'+' run')</script>")
    async with listening(system) as url:
        for one in paths:
            assert re.search(r"<button[^>]*>(Acknowledge|Resolve|Escalate) as Ana</button>", await visit(program, f"{url}{one}"))
    assert changed(before, await everything(system)) == {}


@pytest.mark.soak
@pytest.mark.parametrize("link", LINKS[3:], ids=lambda link: link.name)
async def test_nor_does_it_by_any_other_link(link: Link, system: System) -> None:
    program = chromium()
    if program is None:
        pytest.skip(ABSENT)
    path = urlsplit(await link.made(system)).path
    before = await everything(system)
    async with listening(system) as url:
        assert "<form" in await visit(program, url + path)
    assert changed(before, await everything(system)) == {}
