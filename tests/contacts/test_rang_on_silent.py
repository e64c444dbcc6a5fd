"""A test message asks whether it rang on silent: its page, what is kept of the answer, and the hint to whoever has never seen it ring."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from tests.contacts.test_testing import verified
from tests.system import FakeChannel, System, to

from oncall.channels.values import FailedTemporarily, NoticeMessage
from oncall.console.rules.testing import page_of_test
from oncall.contacts.rules import silence_hint
from oncall.contacts.values import ContactMethod, ContactTest, NotificationRule, RangOnSilent, Reach, Urgency
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database
from oncall.kit.ids import ContactMethodId, TeamId, UserId

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ANA = UserId(UUID(int=1))


def of_test(*, accepted: float | None = 1.4, answered: float | None = None, rang: RangOnSilent | None = None) -> ContactTest:
    def at(seconds: float | None) -> datetime | None:
        return None if seconds is None else AT + seconds * SECOND

    return ContactTest(UUID(int=9), AT, at(accepted), at(answered), rang)


@pytest.mark.parametrize(
    ("what", "test", "said", "now", "word", "mood", "asks"),
    [
        (
            "opened: how long each part took, and the question",
            of_test(),
            None,
            14,
            "On its way until now: 14.0 s. Its provider took it after 1.4 s, and you opened it 12.6 s later.",
            "done",
            True,
        ),
        (
            "opened before its sender could write down that it was taken",
            of_test(accepted=None),
            None,
            125,
            "On its way until now: 2 min 5 s. When its provider took it is not known yet.",
            "done",
            True,
        ),
        (
            "opened again: the first answer ended the round trip",
            of_test(answered=20, rang=RangOnSilent.NO),
            None,
            7_000,
            "Round trip: 20.0 s. Its provider took it after 1.4 s, and you answered 18.6 s later.",
            "done",
            True,
        ),
        ("it rang", of_test(answered=20), RangOnSilent.YES, 20, "Noted: it rings on silent. Round trip: 20.0 s.", "done", False),
        (
            "it did not",
            of_test(answered=20),
            RangOnSilent.NO,
            20,
            "Noted: it does not ring on silent yet. Round trip: 20.0 s.",
            "open",
            False,
        ),
        (
            "it was not tried",
            of_test(answered=11_400),
            RangOnSilent.NOT_TRIED,
            11_400,
            "Noted: it arrived. Set your phone to silent, and send another test. Round trip: 3 h 10 min.",
            "done",
            False,
        ),
    ],
    ids=lambda x: x if isinstance(x, str) and ":" not in x else "",
)
def test_what_its_page_says(what: str, test: ContactTest, said: RangOnSilent | None, now: float, word: str, mood: str, asks: bool) -> None:
    page = page_of_test(test, said=said, now=AT + now * SECOND)
    assert (page.word.replace("\N{NO-BREAK SPACE}", " "), page.mood, page.asks_if_it_rang, page.button) == (word, mood, asks, None)


def phone(n: int, channel: str, *, rings: bool = False) -> ContactMethod:
    return ContactMethod(ContactMethodId(UUID(int=n)), ANA, channel, "there", AT, AT, rings_on_silent=rings)


MAIL, SMS, CALL, RINGING = phone(2, "email"), phone(3, "sms"), phone(4, "voice"), phone(5, "ntfy", rings=True)


@pytest.mark.parametrize(
    ("what", "methods", "by", "hinted"),
    [
        ("nothing has shown that it rings", (SMS, CALL), (), "sms, voice"),
        ("one that rings is enough", (SMS, RINGING), (), None),
        ("one that rings, and is used by no rule, is not", (SMS, RINGING), (SMS,), "sms"),
        ("by e-mail alone nobody expects to be woken", (MAIL,), (), None),
    ],
    ids=lambda x: x if isinstance(x, str) and " " in x and "," not in x[:5] else "",
)
def test_who_is_told_to_test(what: str, methods: tuple[ContactMethod, ...], by: tuple[ContactMethod, ...], hinted: str | None) -> None:
    rules = tuple(NotificationRule(UUID(int=20 + n), ANA, Urgency.HIGH, timedelta(0), m.id, AT) for n, m in enumerate(by))
    hint = silence_hint(Reach(ANA, "Ana", "ana@example.com", methods, rules))
    said = f"No test has shown that a page ({hinted}) rings on Ana's phone while it is silent: send one, and answer its link."
    assert hint == (said if hinted else None)


def test_a_channel_of_a_team_is_nobodys_phone() -> None:
    chat = phone(6, "slack")
    assert silence_hint(Reach(UserId(chat.id), "team Payments", "", (chat,), team_id=TeamId(UUID(int=7)))) is None


@pytest.fixture
async def phones(database: Database, _node_database: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[System]:
    """With a channel by which phones ring."""
    made = System(_node_database, clock, tmp_path, lambda _: [FakeChannel("ntfy")])
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def browser(phones: System) -> AsyncClient:
    """Whoever holds the phone: without any key."""
    return phones.client()


async def send_and_open(system: System, method: str, *, by: str = "ntfy", asks: str = "Say whether it rang") -> str:
    """Send a test that takes two seconds; returns the path of its link."""
    assert (await system.api.post(f"{method}/test")).status_code == 202
    system.clock.advance(2 * SECOND)
    await system.run_due()
    channel = system.email if by == "email" else system.node.channels[by]
    assert isinstance(channel, FakeChannel)
    message = channel.sent[-1]
    assert isinstance(message, NoticeMessage)
    [(url, words)] = message.links
    assert words == asks
    return url.removeprefix("http://oncall.test")


async def last_test(system: System, method: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (await system.api.get(method)).json()["last_test"]
    return found


async def test_the_hint_goes_when_it_rang_and_comes_back_when_it_did_not(phones: System) -> None:
    ana = await phones.user("Ana", channel=None)
    method = await phones.make(f"users/{ana['id']}/contact-methods", channel="ntfy", address="oncall-ana", verified=True)
    path = f"/api/v1/users/{ana['id']}/contact-methods/{method['id']}"
    rotation = {"unit": "week", "count": 1, "starts_at": "2026-03-02T09:00:00"}
    layers = [{"name": "weekly", "participants": [to(ana)], "rotation": rotation}]
    schedule = await phones.make("schedules", name="Primary", time_zone="UTC", layers=layers)
    made = await phones.service([{"type": "schedule", "id": schedule["id"]}])

    async def hints() -> list[bool]:
        user = (await phones.api.get(f"/api/v1/users/{ana['id']}")).json()
        warnings = [
            (await phones.api.get(f"/api/v1/{of}/warnings")).json()["items"]
            for of in (f"schedules/{schedule['id']}", f"escalation-policies/{made['policy']['id']}")
        ]
        assert user["reachable"]["high"]["reachable"] is True, "it is a hint, and no more"
        return [user["reachable"]["hint"] is not None, *("not_proven_on_silent" in {one["code"] for one in found} for found in warnings)]

    channel = phones.node.channels["ntfy"]
    assert isinstance(channel, FakeChannel)

    async def hint() -> str | None:
        told: str | None = (await phones.api.get(f"/api/v1/users/{ana['id']}")).json()["reachable"]["hint"]
        return told

    assert await hints() == [True, True, True]
    before = await hint()
    for said, hinted in (("yes", False), ("not_tried", False), ("no", True), ("not_tried", True), ("yes", False)):
        assert (await phones.api.post(f"{path}/test")).status_code == 202
        await phones.run_due()
        message = channel.sent[-1]
        assert isinstance(message, NoticeMessage)
        assert (await phones.client().post(message.links[0][0].removeprefix("http://oncall.test"), data={"say": said})).status_code == 200
        assert await hints() == [hinted] * 3
        if said == "no":
            assert (
                await hint()
                == "A test has shown that a page (ntfy) does not ring on Ana's phone while it is silent: let it, and test again."
            )
        elif hinted:
            assert await hint() == before
        phones.clock.advance(60 * SECOND)


async def test_from_the_message_to_the_answer(phones: System, browser: AsyncClient) -> None:
    _, method = await verified(phones, channel="ntfy")
    assert await last_test(phones, method) is None
    link = await send_and_open(phones, method)
    unanswered = {
        "sent_at": "2026-03-02T12:00:00Z",
        "accepted_at": "2026-03-02T12:00:02Z",
        "answered_at": None,
        "round_trip": None,
        "rang_on_silent": None,
    }
    assert await last_test(phones, method) == unanswered
    phones.clock.advance(9 * SECOND)
    for _ in range(2):
        page = await browser.get(link)
        assert (page.status_code, page.text.count("<button")) == (200, 3)
        assert "<script" not in page.text
    assert await last_test(phones, method) == unanswered, "whoever only opens it has answered nothing"
    answered = await browser.post(link, data={"say": "yes"})
    assert (answered.status_code, "it rings on silent" in answered.text, answered.text.count("<button")) == (200, True, 0)
    assert await last_test(phones, method) == unanswered | {
        "answered_at": "2026-03-02T12:00:11Z",
        "round_trip": "PT11S",
        "rang_on_silent": "yes",
    }
    [listed] = (await phones.api.get(method.rpartition("/")[0])).json()["items"]
    assert listed == (await phones.api.get(method)).json()


async def test_the_first_answer_ends_the_round_trip_and_the_last_one_counts(phones: System, browser: AsyncClient) -> None:
    _, method = await verified(phones, channel="ntfy")
    link = await send_and_open(phones, method)
    for said in ("yes", "perhaps", "no"):
        phones.clock.advance(5 * SECOND)
        assert (await browser.post(link, data={"say": said})).status_code == 200
    kept = await last_test(phones, method)
    assert kept is not None
    assert (kept["round_trip"], kept["rang_on_silent"]) == ("PT7S", "no")


async def test_an_answer_that_is_none_and_one_from_elsewhere_change_nothing(phones: System, browser: AsyncClient) -> None:
    _, method = await verified(phones, channel="ntfy")
    link = await send_and_open(phones, method)
    assert (await browser.post(link)).status_code == 200
    assert (await browser.post(link, data={"say": "yes"}, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
    kept = await last_test(phones, method)
    assert kept is not None
    assert kept["answered_at"] is None


async def test_only_the_newest_test_is_answered_and_a_link_that_is_changed_is_none(phones: System, browser: AsyncClient) -> None:
    _, method = await verified(phones, channel="ntfy")
    first, second = await send_and_open(phones, method), await send_and_open(phones, method)
    for answer in (await browser.get(first), await browser.post(first, data={"say": "yes"})):
        assert (answer.status_code, "older test" in answer.text) == (410, True)
    forged = second[:-5] + ("AAAAA" if second[-5:] != "AAAAA" else "BBBBB")
    assert (await browser.post(forged, data={"say": "yes"})).status_code == 404
    kept = await last_test(phones, method)
    assert kept is not None
    assert kept["answered_at"] is None


async def test_a_link_of_a_test_acknowledges_nothing_and_dies_with_its_address(phones: System, browser: AsyncClient) -> None:
    ana, method = await verified(phones, channel="ntfy")
    event = await phones.event((await phones.service([to(ana)]))["key"])
    link = await send_and_open(phones, method)
    await browser.post(link, data={"say": "yes"})
    assert (await phones.api.get(f"/api/v1/incidents/{event['incident_id']}")).json()["status"] == "triggered"
    assert (await phones.api.delete(method)).status_code == 204
    assert (await browser.post(link, data={"say": "yes"})).status_code == 410


@pytest.mark.parametrize("whose", ["e-mail of a person", "chat of a team"])
async def test_where_no_phone_can_ring_it_asks_only_whether_it_arrived(phones: System, browser: AsyncClient, whose: str) -> None:
    if whose == "e-mail of a person":
        by, (_, method) = "email", await verified(phones)
    else:
        by, team = "ntfy", await phones.make("teams", name="Payments")
        made = await phones.make(f"teams/{team['id']}/contact-methods", channel="ntfy", address="oncall-team", verified=True)
        method = f"/api/v1/teams/{team['id']}/contact-methods/{made['id']}"
    link = await send_and_open(phones, method, by=by, asks="Say that it arrived")
    page = (await browser.get(link)).text
    assert ("Did it arrive?" in page, "silent" in page, page.count("<button")) == (True, False, 1)
    for said in ("no", "yes", "not_tried", ""):
        assert "Did it arrive?" in (await browser.post(link, data={"say": said})).text, "that was not the question"
    kept = await last_test(phones, method)
    assert kept is not None
    assert kept["answered_at"] is None
    for _ in range(2):
        answered = (await browser.post(link, data={"say": "arrived"})).text
        assert ("Noted: it arrived. Round trip: 2.0" in answered, answered.count("<button")) == (True, 0)
    kept = await last_test(phones, method)
    assert kept is not None
    assert (kept["round_trip"], kept["rang_on_silent"]) == ("PT2S", None)


async def test_that_it_arrived_says_nothing_of_a_phone(phones: System, browser: AsyncClient) -> None:
    _, method = await verified(phones, channel="ntfy")
    link = await send_and_open(phones, method)
    assert "Did it ring on silent?" in (await browser.post(link, data={"say": "arrived"})).text
    kept = await last_test(phones, method)
    assert kept is not None
    assert kept["answered_at"] is None


async def test_one_that_is_tried_again_was_accepted_when_it_was(system: System) -> None:
    _, method = await verified(system)
    system.email.outcomes = [FailedTemporarily("busy")]
    await system.api.post(f"{method}/test")
    await system.run_due()
    kept = await last_test(system, method)
    assert kept is not None
    assert kept["accepted_at"] is None
    await system.advance(seconds=5, step=SECOND)
    kept = await last_test(system, method)
    assert kept is not None
    assert kept["accepted_at"] is not None
