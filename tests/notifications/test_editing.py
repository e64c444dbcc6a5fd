"""A page in a chat says how its incident stands, whoever or whatever changed that; and nothing waits for it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.channels.messages import a_page
from tests.incidents.building import rows
from tests.providers.slack import TOKEN as SLACK_TOKEN
from tests.providers.slack import SlackSink
from tests.providers.slack import buttons as slack_buttons
from tests.providers.telegram import TOKEN as TELEGRAM_TOKEN
from tests.providers.telegram import TelegramSink
from tests.providers.telegram import buttons as telegram_buttons
from tests.system import System, to

from oncall.app.channels import make_channels
from oncall.channels.brief import standing_brief
from oncall.channels.calling import Calls
from oncall.channels.ports import Channel, EditsMessages
from oncall.channels.slack import SlackChannel
from oncall.channels.telegram import TelegramChannel
from oncall.channels.values import FailedPermanently, FailedTemporarily, Outcome, Sent, Standing, Unknown
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database, Pool
from oncall.kit.http_client import HttpClient
from oncall.kit.ids import BundleId, IncidentId, NotificationId
from oncall.kit.outbound import read_outbound_allow
from oncall.kit.settings import Settings
from oncall.notifications.rules.editing import ALL, standing_of, standing_of_list, standings, try_again_at
from oncall.notifications.store import editing as store
from oncall.notifications.values import Page, Step, Subject
from oncall.notifications.values.editing import EDIT_DELAYS, EDITING, Edit, Listed, NewStanding
from oncall.notifications.values.updating import News

NOW = datetime(2026, 3, 8, 2, 35, tzinfo=UTC)
ONE, OTHER = IncidentId(UUID(int=1)), IncidentId(UUID(int=2))


@dataclass
class Chat:
    """A chat in which Ana was paged."""

    system: System
    sink: SlackSink | TelegramSink
    name: str
    service: dict[str, str]
    incident: str

    def shown(self) -> tuple[str, list[str]]:
        """The second line of her page, and the labels of its buttons."""
        if isinstance(self.sink, SlackSink):
            message = self.sink.posted[0]
            return message["blocks"][0]["text"]["text"].splitlines()[1], [one["text"]["text"] for one in slack_buttons(message)]
        message = self.sink.messages[0]
        line = message["text"].splitlines()[1].removeprefix("<i>").removesuffix("</i>")
        return line, [one["text"] for one in telegram_buttons(message)]

    async def does(self, verb: str) -> None:
        answer = await self.system.api.post(f"/api/v1/incidents/{self.incident}/{verb}")
        assert answer.status_code == 200, answer.text
        await self.system.run_due()


@pytest.fixture(params=["slack", "telegram"])
async def chat(
    request: pytest.FixtureRequest, database: Database, _node_database: Database, clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Chat]:
    client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))
    async with SlackSink() if request.param == "slack" else TelegramSink() as sink:
        url, calls = f"http://127.0.0.1:{sink.port}", Calls(client, lambda: clock.at)

        def channels(_: Settings) -> Iterable[Channel]:
            slack, telegram = SlackChannel(SLACK_TOKEN, f"{url}/api", calls, presses=True), TelegramChannel(TELEGRAM_TOKEN, url, calls)
            telegram.presses = True
            return [slack if request.param == "slack" else telegram]

        system = System(_node_database, clock, tmp_path, channels)
        await system.start()
        ana = await system.user("Ana", channel=None)
        address = "U0000000ANA" if request.param == "slack" else "111111111"
        await system.make(f"users/{ana['id']}/contact-methods", channel=request.param, address=address, verified=True)
        service = await system.service([to(ana)], ack_timeout="PT30M", step_delay="PT2H")
        incident = (await system.event(service["key"]))["incident_id"]
        yield Chat(system, sink, request.param, service, incident)
        await system.stop()
    await client.close()


async def test_what_came_from_elsewhere_is_shown_with_the_buttons_that_are_of_use(chat: Chat) -> None:
    assert chat.shown()[1] == ["Acknowledge", "Resolve", "Escalate"]
    await chat.does("acknowledge")
    assert chat.shown() == (f"Acknowledged by environment admin key, {chat.system.clock.at:%Y-%m-%d %H:%M} UTC.", ["Resolve", "Escalate"])
    await chat.system.advance(minutes=31)
    line, labels = chat.shown()
    assert line.startswith("Nobody has it any more: it pages again")
    assert labels == ["Acknowledge", "Resolve", "Escalate"]
    await chat.system.event(chat.service["key"], action="resolve")
    line, labels = chat.shown()
    assert (line.startswith("Resolved by monitor prod, "), labels) == (True, [])


def listed(chat: Chat) -> tuple[list[str], list[str]]:
    """The lines of the list that was sent, without its first, and the labels of its buttons."""
    if isinstance(chat.sink, SlackSink):
        message = next(one for one in chat.sink.posted if "incidents on" in one["text"])
        text, labels = message["blocks"][0]["text"]["text"], [one["text"]["text"] for one in slack_buttons(message)]
    else:
        message = next(one for one in chat.sink.messages if "incidents on" in one["text"])
        text, labels = message["text"], [one["text"] for one in telegram_buttons(message)]
    return text.splitlines()[1:], labels


async def with_list(chat: Chat) -> list[str]:
    """So many pages that some come as a list; the ids of what it lists, in its order."""
    ids = [(await chat.system.event(chat.service["key"], f"disk-{n}"))["incident_id"] for n in range(6)]
    await chat.system.advance(minutes=2)
    text = "\n".join(listed(chat)[0])
    numbers = {id: (await chat.system.incident(id))["number"] for id in ids}
    return sorted((id for id in ids if f"(#{numbers[id]})" in text), key=lambda one: text.index(f"(#{numbers[one]})"))


async def test_a_list_says_how_each_of_its_incidents_stands(chat: Chat) -> None:
    first, second, *others = await with_list(chat)
    before, labels = listed(chat)
    assert labels == ["Acknowledge these"]
    chat.incident = first
    await chat.does("acknowledge")
    after, labels = listed(chat)
    assert labels == ["Acknowledge these"], "somebody may still take the others"
    assert f"1 of {len(others) + 2} are acknowledged or over, " in after[0]
    [line] = [line for line in after if line.endswith(": acknowledged by environment admin key")]
    number = (await chat.system.incident(first))["number"]
    assert f"(#{number})" in line
    plain = [line.removesuffix(": acknowledged by environment admin key") for line in after if "are acknowledged or over" not in line]
    assert [line for line in before if line not in plain and "open in the browser" not in line] == [], "all the rest is as it was"
    for chat.incident in (second, *others):
        await chat.does("resolve")
    after, labels = listed(chat)
    assert ("All of these are acknowledged or over, " in after[0], labels) == (True, [])
    assert sum(line.endswith(": resolved by environment admin key") for line in after) == 1 + len(others)
    await chat.system.advance(minutes=31)
    after, labels = listed(chat)
    assert labels == ["Acknowledge these"], "nobody has the first any more"
    assert any(f"(#{number})" in line and line.endswith(": nobody has it any more: it pages again") for line in after)


async def test_a_list_of_which_much_changes_at_once_is_changed_once(chat: Chat) -> None:
    ids = await with_list(chat)
    asked = len(chat.sink.requests)
    for id in ids:
        assert (await chat.system.api.post(f"/api/v1/incidents/{id}/resolve")).status_code == 200
    await chat.system.run_due()
    ends = ("chat.update", "editMessageText")
    edits = [one for one in chat.sink.requests[asked:] if one.path.endswith(ends) and b"incidents on" in one.body]
    assert len(edits) == 1
    assert await rows(chat.system, "SELECT count(*) FROM message_edits") == [(0,)]


async def test_who_acknowledges_one_incident_of_a_list_waits_for_nobody_who_has_another(chat: Chat) -> None:
    first, second, *_ = await with_list(chat)
    at, database = chat.system.clock.at, chat.system.node.database
    async with asyncio.timeout(5), database.transaction() as one, database.transaction(Pool.ENGINE) as other:
        assert await store.want(one, [NewStanding(IncidentId(UUID(first)), "acknowledged", "acknowledged by Ana")], now=at)
        assert await store.want(other, [NewStanding(IncidentId(UUID(second)), "resolved", "resolved by Ben")], now=at)
    await chat.system.run_due()
    said = "\n".join(listed(chat)[0])
    assert ": acknowledged by Ana" in said
    assert ": resolved by Ben" in said


async def test_of_several_changes_only_the_last_is_said_however_long_the_provider_was_away(chat: Chat) -> None:
    before = chat.shown()
    chat.sink.behave("500")
    await chat.does("acknowledge")
    assert chat.shown() == before
    await chat.does("resolve")
    asked = len(chat.sink.requests)
    chat.sink.behave("ok")
    await chat.system.advance(minutes=1)
    assert chat.shown()[0].startswith("Resolved by environment admin key, ")
    edits = [one for one in chat.sink.requests[asked:] if one.path.endswith(("chat.update", "editMessageText"))]
    assert len(edits) == 1
    await chat.system.advance(hours=1)
    assert not [one for one in chat.sink.requests[asked:] if one.path.endswith(("chat.update", "editMessageText")) and one not in edits]


async def test_what_can_never_be_changed_is_let_be(chat: Chat) -> None:
    """It was deleted by hand."""
    chat.sink.behave("error message_not_found" if chat.name == "slack" else "chat_not_found")
    await chat.does("acknowledge")
    asked = len(chat.sink.requests)
    await chat.system.advance(minutes=25)
    assert not [one for one in chat.sink.requests[asked:] if one.path.endswith(("chat.update", "editMessageText"))]


def test_the_channels_whose_messages_are_changed_are_those_that_can(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    channels = make_channels(settings, HttpClient(allow=read_outbound_allow([])), ["key"], lambda: NOW)
    assert sorted(name for name, channel in channels.items() if isinstance(channel, EditsMessages)) == sorted(EDITING)


def news(id: IncidentId, state: str) -> News:
    return News(id, state, f"{state} by Ana", "", None)


def test_of_two_that_are_told_of_one_incident_the_later_counts() -> None:
    assert standings([news(ONE, "acknowledged"), news(OTHER, "resolved"), news(ONE, "resolved")], [OTHER]) == [
        NewStanding(ONE, "resolved", "resolved by Ana"),
        NewStanding(OTHER, "resolved", "resolved by Ana"),
    ]
    assert standings([], [ONE]) == [NewStanding(ONE, "triggered", "nobody has it any more: it pages again")]


def edit(state: str = "acknowledged", tries: int = 1) -> Edit:
    return Edit(NotificationId(UUID(int=9)), state, f"{state} by Ana", NOW, 1, tries)


@pytest.mark.parametrize(
    ("what", "states", "said", "left"),
    [
        ("nothing has moved, or back again", [None, "triggered"], "nobody has any of these", ALL),
        ("some have", ["acknowledged", None, "resolved"], "2 of 3 are acknowledged or over", ALL),
        ("all have", ["acknowledged", "merged"], "all of these are acknowledged or over", frozenset()),
        ("what is snoozed may still be acknowledged", ["snoozed"], "all of these are acknowledged or over", ALL),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_how_a_list_stands(what: str, states: list[str | None], said: str, left: frozenset[str]) -> None:
    page = Page(Step(ONE, 1, 1, 0), "", Subject(1, "", "", "", "high", NOW))
    listed = [Listed(BundleId(UUID(int=5)), page, NewStanding(ONE, state, "x") if state else None) for state in states]
    assert standing_of_list(listed, at=NOW) == Standing(said, NOW, left)


@pytest.mark.parametrize(
    ("state", "left"),
    [("acknowledged", {"resolve", "escalate"}), ("resolved", set()), ("merged", set()), ("snoozed", ALL), ("reopened", ALL)],
)
def test_what_may_still_be_done(state: str, left: set[str]) -> None:
    assert standing_of(edit(state)).verbs == left


def test_a_line_says_how_it_stands_right_below_the_first() -> None:
    said = standing_brief(a_page(nth=2), Standing("acknowledged by Ana", NOW, frozenset({"resolve"})))
    assert said.marks[0] == "Acknowledged by Ana, 2026-03-08 02:35 UTC."
    assert [verb for verb, _, _ in said.buttons] == ["resolve", "incident"]


@given(
    tries=st.integers(1, 20),
    outcome=st.sampled_from([None, Sent("1", ""), FailedTemporarily(""), FailedTemporarily("", timedelta(hours=9)), Unknown("")]),
)
def test_it_is_tried_again_a_few_times_and_never_for_ever(tries: int, outcome: Outcome | None) -> None:
    at = try_again_at(edit(tries=tries), outcome, now=NOW)
    assert (at is None) == (isinstance(outcome, Sent) or tries > len(EDIT_DELAYS))
    assert at is None or NOW < at <= NOW + timedelta(minutes=5)
    assert try_again_at(edit(), FailedPermanently("", code="refused"), now=NOW) is None
