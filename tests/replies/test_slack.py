"""Paged in Slack, and answered there by pressing a button."""

import json
from collections.abc import AsyncIterator, Iterable
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.signature import Clock, SignatureVerifier
from tests.channels.messages import a_page
from tests.providers.slack import SECRET, TOKEN, SlackSink, buttons, sign
from tests.system import System, to

from oncall.channels.calling import Calls
from oncall.channels.ports import Channel
from oncall.channels.slack import SlackChannel, content
from oncall.channels.slack_presses import SlackApp, read_press, read_slack_app
from oncall.channels.slack_signing import is_signed
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database
from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import read_outbound_allow
from oncall.kit.settings import Settings, SettingsError

ANA, BEN, CHRIS = "U0000000ANA", "U0000000BEN", "U00000CHRIS"
OPS = "C000000OPS1"
OLD_SECRET = "an-older-secret-of-the-same-app"


@pytest.fixture
async def slack() -> AsyncIterator[SlackSink]:
    async with SlackSink() as made:
        yield made


@pytest.fixture
async def system(
    database: Database, _node_database: Database, clock: ManualClock, tmp_path: Path, slack: SlackSink
) -> AsyncIterator[System]:
    """As everywhere, with a `slack` that hears which buttons are pressed."""
    client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))
    api_url = f"http://127.0.0.1:{slack.port}/api"

    def channels(settings: Settings) -> Iterable[Channel]:
        return [SlackChannel(TOKEN, api_url, Calls(client, lambda: clock.at), presses=True)]

    system = System(_node_database, clock, tmp_path, channels)
    system.node.app.state.slack = SlackApp((SECRET, OLD_SECRET), api_url)
    system.node.app.state.client = client
    slack.answer_to = system.client()
    await system.start()
    yield system
    await slack.answer_to.aclose()
    await system.stop()
    await client.close()


async def reached(system: System, name: str, address: str) -> dict[str, Any]:
    user = await system.user(name, channel=None)
    user["method"] = await system.make(f"users/{user['id']}/contact-methods", channel="slack", address=address, verified=True)
    return user


async def paged(system: System, address: str = ANA) -> tuple[dict[str, Any], str]:
    """Ana is paged, and after five minutes Ben; returns the service and the incident."""
    ana, ben = await reached(system, "Ana", address), await reached(system, "Ben", BEN)
    service = await system.service([to(ana)], [to(ben)])
    return service | {"ana": ana, "ben": ben}, (await system.event(service["key"]))["incident_id"]


async def status(system: System, incident: str) -> str:
    return (await system.incident(incident))["status"]


def now(system: System) -> float:
    return system.clock.at.timestamp()


def whole(told: dict[str, Any] | None) -> str:
    """What everybody reads now."""
    assert told is not None
    assert told["replace_original"] is True
    return told["text"]


def whispered(told: dict[str, Any] | None) -> str:
    """What only whoever pressed reads."""
    assert told is not None
    assert (told["response_type"], told["replace_original"]) == ("ephemeral", False)
    return told["text"]


async def test_a_button_acknowledges_at_once_and_the_message_says_so(system: System, slack: SlackSink) -> None:
    _, incident = await paged(system)
    number = (await system.incident(incident))["number"]
    told = await slack.press("acknowledge", ANA, at=now(system))
    assert whole(told) == f"Ana: Acknowledged #{number} payments-api: Disk full."
    assert told is not None
    assert told["blocks"][0] == slack.posted[0]["blocks"][0], "what it was about is still there"
    assert [button["action_id"] for button in buttons(told)] == ["resolve", "escalate"], "nobody need acknowledge it any more"
    found = await system.incident(incident)
    assert (found["status"], found["acknowledged_by"]["name"]) == ("acknowledged", "Ana")
    assert "acknowledged: acknowledged by Ana through slack" in await system.reasons(incident)
    posted = len(slack.posted)
    await system.advance(minutes=10)
    assert len(slack.posted) == posted, "nobody else is woken"


async def test_a_button_resolves_and_no_button_is_left(system: System, slack: SlackSink) -> None:
    _, incident = await paged(system)
    told = await slack.press("resolve", ANA, at=now(system))
    assert whole(told).startswith("Ana: Resolved #")
    assert buttons(told or {}) == []
    assert await status(system, incident) == "resolved"


async def test_a_button_pages_the_next_step_once_however_often_it_is_pressed(system: System, slack: SlackSink) -> None:
    _, incident = await paged(system)
    mine, number = slack.posted[-1], (await system.incident(incident))["number"]
    told = await slack.press("escalate", ANA, at=now(system), message=mine)
    assert whole(told) == f"Ana: Escalated #{number} payments-api: Disk full: its next step pages now."
    assert [button["action_id"] for button in buttons(told or {})] == ["acknowledge", "resolve", "escalate"]
    await system.run_due()
    assert slack.posted[-1]["channel"] == BEN
    assert "escalated: escalated to level 2 of policy Payments by Ana through slack" in await system.reasons(incident)
    twice = await slack.press("escalate", ANA, at=now(system), message=mine)
    assert whispered(twice) == f"The next step of #{number} payments-api: Disk full was paged a moment ago, or is now."
    posted = len(slack.posted)
    await system.run_due()
    assert len(slack.posted) == posted, "the step after the next was not meant"
    await system.advance(seconds=61)
    assert whole(await slack.press("escalate", BEN, at=now(system), message=slack.posted[-1])).startswith("Ben: Escalated #")


async def test_whoever_has_it_hands_it_on_with_a_button(system: System, slack: SlackSink) -> None:
    _, incident = await paged(system)
    mine = slack.posted[-1]
    await slack.press("acknowledge", ANA, at=now(system), message=mine)
    assert whole(await slack.press("escalate", ANA, at=now(system), message=mine)).startswith("Ana: Escalated #")
    assert await status(system, incident) == "triggered"
    await system.run_due()
    assert slack.posted[-1]["channel"] == BEN


async def test_pressed_again_or_replayed_it_changes_nothing(system: System, slack: SlackSink) -> None:
    _, incident = await paged(system)
    await slack.press("acknowledge", ANA, at=now(system))
    before = await system.reasons(incident)
    assert whispered(await slack.press("acknowledge", ANA, at=now(system))).startswith("You have #")
    assert [line for line in await system.reasons(incident) if line.startswith("acknowledged:")] == [
        line for line in before if line.startswith("acknowledged:")
    ]
    await slack.press("resolve", ANA, at=now(system))
    told = await slack.press("acknowledge", ANA, at=now(system))
    assert "was resolved by Ana: nothing is left to do." in whole(told)
    assert await status(system, incident) == "resolved"


async def test_what_another_has_already_is_said_to_all(system: System, slack: SlackSink) -> None:
    _, incident = await paged(system)
    await system.advance(minutes=5)
    hers, his = slack.posted
    await slack.press("acknowledge", BEN, at=now(system), message=his)
    assert whole(await slack.press("acknowledge", ANA, at=now(system), message=hers)).startswith("Already acknowledged by Ben: #")
    assert (await system.incident(incident))["acknowledged_by"]["name"] == "Ben"


async def test_resolved_meanwhile_nothing_is_left_to_press(system: System, slack: SlackSink) -> None:
    service, _ = await paged(system)
    message = deepcopy(slack.posted[0])
    await system.event(service["key"], action="resolve")
    told = await slack.press("acknowledge", ANA, at=now(system), message=message)
    assert whole(told).endswith("nothing is left to do.")
    assert buttons(told or {}) == []


async def test_in_an_earlier_cycle_it_counts_for_nothing_once_others_were_paged(system: System, slack: SlackSink) -> None:
    service, incident = await paged(system)
    body = {"user_id": service["ben"]["id"]}
    assert (await system.api.post(f"/api/v1/incidents/{incident}/reassign", json=body)).status_code == 200
    await system.run_due()
    told = await slack.press("acknowledge", ANA, at=now(system), message=slack.posted[0])
    assert whispered(told).startswith("This message came with an earlier cycle, and others have been paged since.")
    assert await status(system, incident) == "triggered"


async def test_in_a_channel_it_is_whoever_pressed_if_that_is_known(system: System, slack: SlackSink) -> None:
    """The say is Ana's, who was paged there; the name is Ben's, whose proven address it is."""
    _, incident = await paged(system, OPS)
    assert whole(await slack.press("acknowledge", BEN, at=now(system))).startswith("Ben: Acknowledged #")
    assert (await system.incident(incident))["acknowledged_by"]["name"] == "Ben"


async def test_in_a_channel_somebody_unknown_acts_for_whom_it_was_and_is_named(system: System, slack: SlackSink) -> None:
    _, incident = await paged(system, OPS)
    assert whole(await slack.press("acknowledge", CHRIS, at=now(system))).startswith(f"<@{CHRIS}> as Ana: Acknowledged #")
    assert (await system.incident(incident))["acknowledged_by"]["name"] == "Ana"


@pytest.mark.parametrize(
    ("member", "name", "says"), [(CHRIS, "somebody of team DB", f"<@{CHRIS}> as somebody of team DB:"), (BEN, "Ben", "Ben:")]
)
async def test_in_the_channel_of_a_team_it_is_somebody_of_the_team(
    system: System, slack: SlackSink, member: str, name: str, says: str
) -> None:
    await reached(system, "Ben", BEN)
    team = await system.make("teams", name="DB")
    method = await system.make(f"teams/{team['id']}/contact-methods", channel="slack", address=OPS, verified=True)
    service = await system.service([{"type": "channel", "id": method["id"]}])
    incident = (await system.event(service["key"]))["incident_id"]
    assert whole(await slack.press("acknowledge", member, at=now(system))).startswith(says)
    assert (await system.incident(incident))["acknowledged_by"]["name"] == name


async def test_two_who_share_an_address_are_nobody_in_particular(system: System, slack: SlackSink) -> None:
    _, incident = await paged(system, OPS)
    for name in ("Dan", "Eva"):
        await reached(system, name, CHRIS)
    await slack.press("acknowledge", CHRIS, at=now(system))
    assert (await system.incident(incident))["acknowledged_by"]["name"] == "Ana"


async def test_a_list_is_acknowledged_as_it_was_printed_and_nothing_that_joined_later(system: System, slack: SlackSink) -> None:
    ana = await reached(system, "Ana", ANA)
    service = await system.service([to(ana)], step_delay="PT30M")
    first = [(await system.event(service["key"], f"disk-{n}"))["incident_id"] for n in range(6)]
    await system.advance(minutes=2)
    [message] = [one for one in slack.posted if [b["text"]["text"] for b in buttons(one)] == ["Acknowledge these"]]
    later = (await system.event(service["key"], "later"))["incident_id"]
    told = await slack.press("acknowledge", ANA, at=now(system), message=message)
    acknowledged = [id for id in first if await status(system, id) == "acknowledged"]
    assert whole(told).startswith(f"Ana: Acknowledged {len(acknowledged)} of {len(acknowledged)} incidents: #")
    assert len(acknowledged) > 1
    assert buttons(told or {}) == []
    assert await status(system, later) == "triggered"
    again = await slack.press("acknowledge", ANA, at=now(system), message=message)
    assert whispered(again) == f"None of the {len(acknowledged)} listed incidents had to be acknowledged any more."


async def test_a_button_that_we_did_not_sign_does_nothing(system: System, slack: SlackSink) -> None:
    _, incident = await paged(system)
    message = slack.posted[0]
    [actions] = [block for block in message["blocks"] if block["type"] == "actions"]
    for value in ("", "x", "A" * 75, actions["elements"][0]["value"][:-2] + "AA", "\ud800" * 75):
        forged = message | {"blocks": [actions | {"elements": [actions["elements"][0] | {"value": value}]}]}
        told = await slack.press("acknowledge", ANA, at=now(system), message=forged)
        assert whispered(told) == "This button belongs to no message of ours that is still known."
    assert await status(system, incident) == "triggered"


async def test_what_else_happens_in_slack_is_answered_and_does_nothing(system: System, slack: SlackSink) -> None:
    """A link that was opened is told as well, and what an app is asked that is not ours."""
    _, incident = await paged(system)
    message = slack.posted[0]
    link = {"action_id": "incident", "type": "button", "value": buttons(message)[0]["value"]}
    payloads = [
        slack.payload(link, message, ANA),
        {"type": "view_submission"},
        slack.payload(buttons(message)[0], message, "ana"),
        [],
        None,
    ]
    for payload in payloads:
        answer = await slack.post({"payload": json.dumps(payload)}, at=now(system))
        assert (answer.status_code, answer.content) == (200, b"")
    for form in ({"payload": "{"}, {"payload": "[" * 20_000}, {"other": "x"}):
        assert (await slack.post(form, at=now(system))).status_code == 200
    assert (await slack.post({"payload": "x" * 300_000}, at=now(system))).status_code == 422
    assert await status(system, incident) == "triggered"
    assert slack.told == []


async def test_what_came_of_it_goes_to_slack_and_nowhere_else(system: System, slack: SlackSink) -> None:
    _, incident = await paged(system)
    elsewhere = f"http://localhost:{slack.port}/actions/1"
    assert await slack.press("acknowledge", ANA, at=now(system), response_url=elsewhere) is None
    assert await status(system, incident) == "acknowledged", "it is done all the same"


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://hooks.slack.com/actions/T1/2/x", True),
        ("https://slack.example.com:8443/actions/T1", True),
        ("http://hooks.slack.com/actions/T1", False),
        ("https://hooks.slack.com.evil.example/actions", False),
        ("https://evil.example/?hooks.slack.com", False),
        ("https://x@hooks.slack.com/actions", False),
        ("https://hooks.slack.com:8080/actions", False),
        ("https://slack.example.com/actions", False),
        ("http://[", False),
        ("http://169.254.169.254/latest", False),
        (7, False),
    ],
)
def test_where_an_answer_may_go(url: object, taken: bool) -> None:
    app = SlackApp((SECRET,), "https://slack.example.com:8443/api")
    action = {"action_id": "acknowledge", "value": "x"}
    press = read_press(json.dumps({"type": "block_actions", "user": {"id": ANA}, "actions": [action], "response_url": url}), app)
    assert press is not None
    assert press.response_url == (url if taken else None)


async def test_what_cannot_be_done_just_now_is_said_so(system: System, slack: SlackSink, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error would be a sign without words."""
    await paged(system)

    def broken(*_: object, **__: object) -> None:
        raise OSError("the database is away")

    monkeypatch.setattr(system.node.database, "transaction", broken)
    told = await slack.press("acknowledge", ANA, at=now(system))
    monkeypatch.undo()
    assert whispered(told) == "This could not be done just now. Answer again in a moment, or open the link in the message."


async def test_where_slack_is_told_nothing_it_is_done_all_the_same(system: System, slack: SlackSink) -> None:
    _, incident = await paged(system)
    slack.behave("500")
    assert await slack.press("acknowledge", ANA, at=now(system)) is None
    assert await status(system, incident) == "acknowledged"


# --- without a secret ---------------------------------------------------------------------------------------------------------


def test_buttons_carry_tokens_only_where_presses_are_heard() -> None:
    links, presses = content(a_page(), ANA), content(a_page(), ANA, presses=True)
    assert [button.get("url") for button in buttons(links)] == [
        "https://oncall.example.com/l/acknowledge-token",
        "https://oncall.example.com/l/resolve-token",
        "https://oncall.example.com/l/escalate-token",
        "https://oncall.example.com/incidents/42",
    ]
    assert [(button.get("value"), button.get("url")) for button in buttons(presses)] == [
        ("acknowledge-token", None),
        ("resolve-token", None),
        ("escalate-token", None),
        (None, "https://oncall.example.com/incidents/42"),
    ]
    opened = "<https://oncall.example.com/l/acknowledge-token|open in the browser>"
    assert presses["blocks"][0]["text"]["text"].splitlines()[1] == opened, "for whoever cannot press"


@pytest.mark.parametrize("secret", ["short", "with a space 0123456789", "x" * 200, f"{SECRET},{OLD_SECRET},{SECRET}"])
def test_a_secret_that_can_be_none_is_refused_at_the_start(secret: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, slack_signing_secret=secret)
    with pytest.raises(SettingsError, match="ONCALL_SLACK_SIGNING_SECRET cannot be used: it must be one signing secret, or two"):
        read_slack_app(settings)


def test_two_secrets_with_a_comma_between_them_are_believed(tmp_path: Path) -> None:
    app = read_slack_app(Settings(data_dir=tmp_path, slack_signing_secret=f"{SECRET}, {OLD_SECRET}"))
    assert app == SlackApp((SECRET, OLD_SECRET), "https://slack.com/api")
    assert read_slack_app(Settings(data_dir=tmp_path)) is None


# --- who is believed ----------------------------------------------------------------------------------------------------------


async def test_what_is_not_signed_or_old_is_refused_and_does_nothing(system: System, slack: SlackSink) -> None:
    _, incident = await paged(system)
    message = slack.posted[0]
    form = {"payload": json.dumps(slack.payload(buttons(message)[0], message, ANA))}
    at = now(system)
    forged = await slack.post(form, at=at, secret="another-secret-0123456789abcdef")
    assert (forged.status_code, forged.json()["code"]) == (403, "not_signed")
    for signature in ("", "v0=", "v0=" + "0" * 64, "v1=" + sign(SECRET, f"{at:.0f}", b"")[3:]):
        assert (await slack.post(form, at=at, signature=signature)).status_code == 403
    for off in (-301, 301, -86_400):
        assert (await slack.post(form, at=at + off)).status_code == 403
    system.node.app.state.slack = None
    assert (await slack.post(form, at=at)).status_code == 403, "without a secret nothing is believed"
    assert await status(system, incident) == "triggered"
    assert slack.told == []


async def test_while_the_secret_is_changed_both_are_believed(system: System, slack: SlackSink) -> None:
    _, incident = await paged(system)
    message = slack.posted[0]
    form = {"payload": json.dumps(slack.payload(buttons(message)[0], message, ANA))}
    assert (await slack.post(form, at=now(system) - 299, secret=OLD_SECRET)).status_code == 200
    assert await status(system, incident) == "acknowledged"


BODY = b"payload=%7B%22type%22%3A%22block_actions%22%7D"
AT = 1_772_937_300


class Then(Clock):
    def now(self) -> float:
        return AT


@pytest.mark.parametrize(
    ("what", "timestamp", "signature", "body"),
    [
        ("right", str(AT), sign(SECRET, str(AT), BODY), BODY),
        ("five minutes old", str(AT - 300), sign(SECRET, str(AT - 300), BODY), BODY),
        ("older", str(AT - 301), sign(SECRET, str(AT - 301), BODY), BODY),
        ("ahead", str(AT + 300), sign(SECRET, str(AT + 300), BODY), BODY),
        ("further ahead", str(AT + 301), sign(SECRET, str(AT + 301), BODY), BODY),
        ("another secret", str(AT), sign("another", str(AT), BODY), BODY),
        ("one bit", str(AT), sign(SECRET, str(AT), BODY), BODY[:-1] + b"E"),
        ("another time", str(AT + 1), sign(SECRET, str(AT), BODY), BODY),
        ("no version", str(AT), sign(SECRET, str(AT), BODY)[3:], BODY),
        ("nothing", str(AT), "", BODY),
        ("empty body", str(AT), sign(SECRET, str(AT), b""), b""),
    ],
)
def test_slacks_own_library_accepts_and_refuses_alike(what: str, timestamp: str, signature: str, body: bytes) -> None:
    ours = is_signed(signature, timestamp, body, [SECRET], now=datetime.fromtimestamp(AT, UTC))
    theirs = SignatureVerifier(SECRET, Then()).is_valid(body, timestamp, signature)
    assert ours == theirs, what
    assert ours == (what in {"right", "five minutes old", "ahead", "empty body"})


@pytest.mark.parametrize("timestamp", ["", "now", "1e9", "-1", "١٢٣", "9" * 40, "1772937300 "])
def test_a_time_that_is_none_is_refused(timestamp: str) -> None:
    assert not is_signed("v0=" + "0" * 64, timestamp, BODY, [SECRET], now=datetime.fromtimestamp(AT, UTC))
