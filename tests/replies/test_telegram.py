"""Paged in Telegram, and answered there by pressing a button."""

from collections.abc import AsyncIterator, Iterable
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from tests.channels.messages import a_page
from tests.providers.telegram import TOKEN, TelegramSink, buttons
from tests.system import System, to

from oncall.channels.calling import Calls
from oncall.channels.ports import Channel
from oncall.channels.telegram import TelegramChannel, content
from oncall.channels.telegram_presses import Hook, TelegramBot, decide_hook, read_press, read_telegram_bot
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database
from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import read_outbound_allow
from oncall.kit.settings import Settings
from oncall.replies.due import TelegramHook

ANA, BEN, CHRIS = 111111111, 222222222, 333333333
GROUP = -1001234567890
HOOK = "https://oncall.test/replies/telegram"
KEYS = ("a-new-key-of-the-tests-0123456789abcdef", "secret-key-of-the-tests-0123456789abcdef")


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramSink]:
    async with TelegramSink() as made:
        yield made


def settings_for(telegram: TelegramSink, tmp_path: Path, **more: Any) -> Settings:
    url = f"http://127.0.0.1:{telegram.port}"
    given = {"telegram_bot_token": SecretStr(TOKEN), "telegram_api_url": url, "public_url": "https://oncall.test", **more}
    return Settings(data_dir=tmp_path, **given)


@pytest.fixture
async def system(
    database: Database,
    _node_database: Database,
    clock: ManualClock,
    tmp_path: Path,
    telegram: TelegramSink,
) -> AsyncIterator[System]:
    """As everywhere, with a `telegram` that was told where presses are heard."""
    client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))

    def channels(_: Settings) -> Iterable[Channel]:
        return [TelegramChannel(TOKEN, f"http://127.0.0.1:{telegram.port}", Calls(client, lambda: clock.at))]

    system = System(_node_database, clock, tmp_path, channels)
    bot = read_telegram_bot(settings_for(telegram, tmp_path), KEYS)
    channel = system.node.channels["telegram"]
    assert bot is not None
    assert isinstance(channel, TelegramChannel)
    system.node.app.state.telegram, system.node.app.state.client = bot, client
    await TelegramHook(channel, bot, client, database=system.node.database, clock=clock).run()
    telegram.answer_to = system.client()
    await system.start()
    yield system
    await telegram.answer_to.aclose()
    await system.stop()
    await client.close()


async def reached(system: System, name: str, chat: int) -> dict[str, Any]:
    user = await system.user(name, channel=None)
    user["method"] = await system.make(f"users/{user['id']}/contact-methods", channel="telegram", address=str(chat), verified=True)
    return user


async def paged(system: System, chat: int = ANA) -> tuple[dict[str, Any], str]:
    """Ana is paged, and after five minutes Ben; returns the service and the incident."""
    ana, ben = await reached(system, "Ana", chat), await reached(system, "Ben", BEN)
    service = await system.service([to(ana)], [to(ben)])
    return service | {"ana": ana, "ben": ben}, (await system.event(service["key"]))["incident_id"]


async def status(system: System, incident: str) -> str:
    return (await system.incident(incident))["status"]


def shown(toast: dict[str, Any] | None, *, alert: bool = False) -> str:
    """What whoever pressed reads, in passing or, as an `alert`, until they have seen it."""
    assert toast is not None
    assert toast["show_alert"] is alert
    return toast["text"]


def labels(message: dict[str, Any]) -> list[str]:
    return [button["text"] for button in buttons(message)]


async def test_a_button_acknowledges_at_once_and_goes_away(system: System, telegram: TelegramSink) -> None:
    _, incident = await paged(system)
    [message] = telegram.messages
    assert labels(message) == ["Acknowledge", "Resolve", "Escalate"]
    number = (await system.incident(incident))["number"]
    assert shown(await telegram.press("acknowledge", ANA)) == f"Acknowledged #{number} payments-api: Disk full."
    assert labels(message) == ["Resolve", "Escalate"]
    found = await system.incident(incident)
    assert (found["status"], found["acknowledged_by"]["name"]) == ("acknowledged", "Ana")
    assert "acknowledged: acknowledged by Ana through telegram" in await system.reasons(incident)
    assert telegram.messages == [message], "between two there is nobody else to tell"
    await system.advance(minutes=10)
    assert not [one for one in telegram.messages if one["chat_id"] == BEN], "nobody else is woken"


async def test_a_button_resolves_and_no_button_is_left(system: System, telegram: TelegramSink) -> None:
    _, incident = await paged(system)
    assert shown(await telegram.press("resolve", ANA)).startswith("Resolved #")
    assert labels(telegram.messages[0]) == []
    assert await status(system, incident) == "resolved"


async def test_a_button_pages_the_next_step_once_however_often_it_is_pressed(system: System, telegram: TelegramSink) -> None:
    _, incident = await paged(system)
    mine, number = telegram.messages[0], (await system.incident(incident))["number"]
    assert shown(await telegram.press("escalate", ANA, message=mine)) == (
        f"Escalated #{number} payments-api: Disk full: its next step pages now."
    )
    assert labels(mine) == ["Acknowledge", "Resolve", "Escalate"]
    await system.run_due()
    assert telegram.messages[-1]["chat_id"] == BEN
    assert "escalated: escalated to level 2 of policy Payments by Ana through telegram" in await system.reasons(incident)
    sent = len(telegram.messages)
    assert "was paged a moment ago" in shown(await telegram.press("escalate", ANA, message=mine), alert=True)
    await system.run_due()
    assert len(telegram.messages) == sent, "the step after the next was not meant"


async def test_pressed_again_or_replayed_it_changes_nothing(system: System, telegram: TelegramSink) -> None:
    _, incident = await paged(system)
    before = dict(telegram.messages[0])
    await telegram.press("acknowledge", ANA, message=before)
    assert shown(await telegram.press("acknowledge", ANA, message=before), alert=True).startswith("You have #")
    assert len([line for line in await system.reasons(incident) if line.startswith("acknowledged:")]) == 1
    await telegram.press("resolve", ANA, message=before)
    again = shown(await telegram.press("acknowledge", ANA, message=before), alert=True)
    assert again.endswith("was resolved by Ana: nothing is left to do.")
    assert await status(system, incident) == "resolved"


async def test_what_another_has_already_is_said(system: System, telegram: TelegramSink) -> None:
    _, incident = await paged(system)
    await system.advance(minutes=5)
    hers, his = telegram.messages
    await telegram.press("acknowledge", BEN, message=his)
    assert shown(await telegram.press("acknowledge", ANA, message=hers), alert=True).startswith("Already acknowledged by Ben: #")
    assert (await system.incident(incident))["acknowledged_by"]["name"] == "Ben"


async def test_resolved_meanwhile_nothing_is_left_to_press(system: System, telegram: TelegramSink) -> None:
    service, _ = await paged(system)
    message = deepcopy(telegram.messages[0])
    await system.event(service["key"], action="resolve")
    assert shown(await telegram.press("acknowledge", ANA, message=message), alert=True).endswith("nothing is left to do.")
    assert labels(telegram.messages[0]) == []


async def test_in_an_earlier_cycle_it_counts_for_nothing_once_others_were_paged(system: System, telegram: TelegramSink) -> None:
    service, incident = await paged(system)
    body = {"user_id": service["ben"]["id"]}
    assert (await system.api.post(f"/api/v1/incidents/{incident}/reassign", json=body)).status_code == 200
    await system.run_due()
    toast = await telegram.press("acknowledge", ANA, message=telegram.messages[0])
    assert shown(toast, alert=True).startswith("This message came with an earlier cycle, and others have been paged since.")
    assert await status(system, incident) == "triggered"


@pytest.mark.parametrize(("sender", "name", "says"), [(BEN, "Ben", "Ben: Ack"), (CHRIS, "Ana", "@\u2060all as Ana: Ack")])
async def test_in_a_group_it_is_whoever_pressed_if_known_and_the_others_read_it(
    system: System, telegram: TelegramSink, sender: int, name: str, says: str
) -> None:
    _, incident = await paged(system, GROUP)
    [message] = telegram.messages
    await telegram.press("acknowledge", sender, name="@all")
    assert (await system.incident(incident))["acknowledged_by"]["name"] == name
    told = telegram.messages[1]
    assert told["text"].startswith(says)
    assert (told["chat_id"], told["disable_notification"]) == (GROUP, True)
    assert told["reply_parameters"]["message_id"] == message["message_id"]


async def test_in_the_group_of_a_team_it_is_somebody_of_the_team(system: System, telegram: TelegramSink) -> None:
    team = await system.make("teams", name="DB")
    method = await system.make(f"teams/{team['id']}/contact-methods", channel="telegram", address=str(GROUP), verified=True)
    service = await system.service([{"type": "channel", "id": method["id"]}])
    incident = (await system.event(service["key"]))["incident_id"]
    await telegram.press("acknowledge", CHRIS)
    assert (await system.incident(incident))["acknowledged_by"]["name"] == "somebody of team DB"


async def test_a_list_is_acknowledged_as_it_was_printed_and_nothing_that_joined_later(system: System, telegram: TelegramSink) -> None:
    ana = await reached(system, "Ana", ANA)
    service = await system.service([to(ana)], step_delay="PT30M")
    first = [(await system.event(service["key"], f"disk-{n}"))["incident_id"] for n in range(6)]
    await system.advance(minutes=2)
    [message] = [one for one in telegram.messages if labels(one) == ["Acknowledge these"]]
    later = (await system.event(service["key"], "later"))["incident_id"]
    made_up = telegram.update(buttons(message)[0]["callback_data"].replace("acknowledge", "resolve"), message, ANA)
    assert (await telegram.post(made_up)).status_code == 200
    assert shown(telegram.toasts[-1], alert=True).startswith("This message lists several incidents, which are acknowledged together")
    toast = await telegram.press("acknowledge", ANA, message=message)
    acknowledged = [id for id in first if await status(system, id) == "acknowledged"]
    assert shown(toast).startswith(f"Acknowledged {len(acknowledged)} of {len(acknowledged)} incidents: #")
    assert len(acknowledged) > 1
    assert labels(message) == []
    assert await status(system, later) == "triggered"


async def test_a_button_works_in_the_chat_it_was_sent_to_and_no_other(system: System, telegram: TelegramSink) -> None:
    """What a button carries can be made up by whoever presses, but not the chat they are in."""
    _, incident = await paged(system)
    refused = "This button belongs to no message of ours that is still known."
    assert shown(await telegram.press("acknowledge", BEN, chat=BEN), alert=True) == refused
    unknown = telegram.update(f"acknowledge:{uuid4()}", telegram.messages[0], ANA)
    assert (await telegram.post(unknown)).status_code == 200
    assert shown(telegram.toasts[-1], alert=True) == refused
    assert await status(system, incident) == "triggered"


async def test_what_else_is_posted_is_answered_and_does_nothing(system: System, telegram: TelegramSink) -> None:
    _, incident = await paged(system)
    message = telegram.messages[0]
    data = buttons(message)[0]["callback_data"]
    updates = [None, [], {}, {"update_id": 1, "message": {"text": "/start"}}, {"callback_query": {"data": 7}}, {"callback_query": []}]
    updates += [telegram.update(odd, message, ANA) for odd in ("", "reopen" + data[11:], data + "0", data.upper())]
    updates += [telegram.update(data, message, "x")]  # type: ignore[arg-type]  # as somebody might
    for update in updates:
        answer = await telegram.post(update)
        assert (answer.status_code, answer.content) == (200, b"")
    assert (await telegram.post("x" * 300_000)).status_code == 422
    assert read_press(b"{") is None
    assert read_press(b"[" * 50_000) is None
    assert telegram.toasts == []
    assert await status(system, incident) == "triggered"


async def test_without_the_secret_nothing_is_believed(system: System, telegram: TelegramSink) -> None:
    _, incident = await paged(system)
    message = telegram.messages[0]
    update = telegram.update(buttons(message)[0]["callback_data"], message, ANA)
    for secret in ("", "x", telegram.secret[:-1], telegram.secret.upper()):
        answer = await telegram.post(update, secret=secret)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_signed")
    bot, system.node.app.state.telegram = system.node.app.state.telegram, None
    assert (await telegram.post(update)).status_code == 403, "without a bot there is nothing to believe"
    assert await status(system, incident) == "triggered"
    assert (await telegram.post(update, secret=bot.secrets[1])).status_code == 403
    system.node.app.state.telegram = bot
    assert (await telegram.post(update, secret=bot.secrets[1])).status_code == 200, "while keys are changed the old one's is believed"
    assert await status(system, incident) == "acknowledged"


async def test_what_cannot_be_done_just_now_is_said_so(system: System, telegram: TelegramSink, monkeypatch: pytest.MonkeyPatch) -> None:
    await paged(system)

    def broken(*_: object, **__: object) -> None:
        raise OSError("the database is away")

    monkeypatch.setattr(system.node.database, "transaction", broken)
    toast = await telegram.press("acknowledge", ANA)
    monkeypatch.undo()
    assert shown(toast, alert=True) == "This could not be done just now. Answer again in a moment, or open the link in the message."


async def test_where_telegram_is_told_nothing_it_is_done_all_the_same(system: System, telegram: TelegramSink) -> None:
    _, incident = await paged(system)
    telegram.behave("internal")
    assert await telegram.press("acknowledge", ANA) is None
    assert await status(system, incident) == "acknowledged"


# --- how Telegram comes to tell us --------------------------------------------------------------------------------------------

BOT = TelegramBot(TOKEN, "https://api.telegram.org", ("first", "second"), HOOK)


@pytest.mark.parametrize(
    ("what", "info", "known", "expected"),
    [
        ("nobody hears: we do", {"url": ""}, False, Hook(to_set=True, heard=True)),
        ("ours, of an earlier start: perhaps with another secret", {"url": HOOK}, False, Hook(to_set=True, heard=True)),
        ("ours, and set by this node", {"url": HOOK, "pending_update_count": 0}, True, Hook(to_set=False, heard=True)),
        ("ours, of another public address", {"url": "https://old.test/replies/telegram"}, True, Hook(to_set=True, heard=True)),
        ("somebody took it away", {"url": ""}, True, Hook(to_set=True, heard=True)),
        (
            "another program's is never taken",
            {"url": "https://elsewhere.test/bot"},
            False,
            Hook(to_set=False, heard=False, why="another program hears what happens to this bot: give oncall a bot of its own"),
        ),
        (
            "Telegram cannot reach us now",
            {"url": HOOK, "pending_update_count": 1, "last_error_date": "now", "last_error_message": "Connection timed out"},
            True,
            Hook(
                to_set=False,
                heard=False,
                why="Telegram cannot reach /replies/telegram under our public address: Connection timed out",
            ),
        ),
        ("it could not, and can again", {"url": HOOK, "pending_update_count": 0, "last_error_date": "now"}, True, Hook(False, True)),
        ("it could not, an hour ago", {"url": HOOK, "pending_update_count": 1, "last_error_date": "then"}, True, Hook(False, True)),
        ("it says nothing we know", {"url": 7, "last_error_date": []}, True, Hook(to_set=True, heard=True)),
    ],
)
def test_whether_presses_are_heard(clock: ManualClock, what: str, info: dict[str, Any], known: bool, expected: Hook) -> None:
    at = {"now": int(clock.at.timestamp()), "then": int(clock.at.timestamp()) - 3600}
    said = info | ({"last_error_date": at[info["last_error_date"]]} if info.get("last_error_date") in ("now", "then") else {})
    assert decide_hook(said, BOT, known=known, now=clock.at) == expected, what


def test_only_a_public_address_with_https_is_told(tmp_path: Path) -> None:
    def hook(**more: Any) -> str | None:
        bot = read_telegram_bot(Settings(data_dir=tmp_path, telegram_bot_token=SecretStr(TOKEN), **more), KEYS)
        assert bot is not None
        return bot.hook

    assert hook(public_url="https://oncall.example.com/x/") == "https://oncall.example.com/x/replies/telegram"
    assert hook(public_url="http://oncall.example.com") is None
    assert hook() is None
    assert read_telegram_bot(Settings(data_dir=tmp_path), KEYS) is None


async def test_buttons_act_only_while_presses_are_heard(system: System, clock: ManualClock, telegram: TelegramSink) -> None:
    """Until Telegram has taken our address, and while it cannot reach it, they are links."""
    client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))
    channel = TelegramChannel(TOKEN, f"http://127.0.0.1:{telegram.port}", Calls(client, lambda: clock.at))
    hook = TelegramHook(channel, system.node.app.state.telegram, client, database=system.node.database, clock=clock)
    heard = []
    telegram.info["url"] = ""
    for behaviour, info in (
        ("internal", {}),
        ("ok", {}),
        ("internal", {}),
        ("ok", {"pending_update_count": 2, "last_error_date": int(clock.at.timestamp()) + 600, "last_error_message": "refused"}),
        ("ok", {"pending_update_count": 0}),
        ("unauthorized", {}),
        ("ok", {}),
    ):
        telegram.behave(behaviour)
        telegram.info |= info
        await hook.run()
        heard.append(channel.presses)
        clock.advance(timedelta(minutes=5))
    assert heard == [False, True, True, False, True, False, True]
    asked = len(telegram.requests)
    await hook.run()
    clock.advance(timedelta(minutes=1))
    await hook.run()
    assert len(telegram.requests) == asked + 1, "it is asked every few minutes, not at every tick"
    await client.close()


def test_buttons_carry_what_they_do_only_where_presses_are_heard() -> None:
    links, presses = content(a_page(), "1"), content(a_page(), "1", presses=True)
    id = a_page().notification_id
    assert [button.get("url") for button in buttons(links)][:2] == [
        "https://oncall.example.com/l/acknowledge-token",
        "https://oncall.example.com/l/resolve-token",
    ]
    assert buttons(presses) == [
        {"text": "Acknowledge", "callback_data": f"acknowledge:{id}"},
        {"text": "Resolve", "callback_data": f"resolve:{id}"},
        {"text": "Escalate", "callback_data": f"escalate:{id}"},
        {"text": "Incident", "url": "https://oncall.example.com/incidents/42"},
    ]
    opened = '<a href="https://oncall.example.com/l/acknowledge-token">open in the browser</a>'
    assert presses["text"].splitlines()[1] == opened, "for whoever cannot press"
