"""A channel that costs money has a cap for each day: above it people are reached by their other ways, and everybody can see why."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.system import FakeChannel, System, to

from oncall.channels.ports import Channel
from oncall.channels.values import FailedPermanently, FailedTemporarily, Sent, Unknown
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database
from oncall.kit.settings import Settings
from oncall.notifications.due import Sender
from oncall.notifications.rules.spending import cost_of, decide_cap
from oncall.notifications.values.spending import Cap

NOW = datetime(2026, 3, 8, 23, 59, tzinfo=UTC)
CAP = Cap(2, "ONCALL_SMS_DAILY_CAP")


@given(spent=st.integers(0, 10), limit=st.integers(1, 10))
def test_up_to_the_cap_it_is_sent_and_above_it_is_not(spent: int, limit: int) -> None:
    assert (decide_cap(Cap(limit, "X"), spent, now=NOW) is None) == (spent < limit)
    assert decide_cap(None, spent, now=NOW) is None


def test_the_reason_says_what_was_spent_and_who_can_change_it() -> None:
    why = "not sent: 2 went out today (2026-03-08 UTC), and ONCALL_SMS_DAILY_CAP allows 2 a day"
    assert decide_cap(CAP, 2, now=NOW) == FailedPermanently(why, code="daily_cap")


@pytest.mark.parametrize(
    ("what", "outcome", "cost"),
    [
        ("it was taken", Sent("SM1", ""), (1, 0)),
        ("it may have been taken", Unknown(""), (1, 0)),
        ("it was not", FailedTemporarily(""), (0, 0)),
        ("it never will be", FailedPermanently("", code="bad_address"), (0, 0)),
        ("the cap was in its way", FailedPermanently("", code="daily_cap"), (0, 1)),
    ],
)
def test_what_counts(what: str, outcome: Sent | Unknown | FailedTemporarily | FailedPermanently, cost: tuple[int, int]) -> None:
    assert cost_of(outcome) == cost


@pytest.fixture
async def sms() -> FakeChannel:
    return FakeChannel("sms")


@pytest.fixture
async def system(
    database: Database, _node_database: Database, clock: ManualClock, tmp_path: Path, sms: FakeChannel
) -> AsyncIterator[System]:
    def channels(_: Settings) -> Iterable[Channel]:
        return [sms]

    system = System(_node_database, clock, tmp_path, channels)
    [sender] = [one for one in system.node.sources if isinstance(one, Sender) and one.name == "notifications.sms"]
    sender._cap = CAP
    await system.start()
    yield system
    await system.stop()


async def daily_cap(system: System) -> list[str]:
    body = (await system.api.get("/healthz")).json()
    return [reason["detail"] for reason in body["reasons"] if reason["reason"] == "daily_cap"]


async def test_above_the_cap_the_next_way_goes_at_once_health_is_red_and_the_next_day_is_another(system: System, sms: FakeChannel) -> None:
    ana = await system.user("Ana", rules=(("high", "PT10M"),))
    phone = await system.make(f"users/{ana['id']}/contact-methods", channel="sms", address="+351912345678", verified=True)
    await system.make(f"users/{ana['id']}/notification-rules", urgency="high", delay="PT0S", contact_method_id=phone["id"])
    service = await system.service([to(ana)], step_delay="PT30M")
    earlier = [(await system.event(service["key"], f"disk-{n}"))["incident_id"] for n in range(2)]
    assert (len(sms.sent), len(system.email.sent), await daily_cap(system)) == (2, 0, [])
    third = (await system.event(service["key"], "disk-2"))["incident_id"]
    await system.run_due()
    assert (len(sms.sent), len(system.email.sent)) == (2, 1), "by e-mail now, and not in ten minutes"
    [why] = [line for line in await system.reasons(third) if "ONCALL_SMS_DAILY_CAP" in line]
    assert why.startswith("send_failed: cannot be sent to Ana by sms (…5678): not sent: 2 went out today")
    assert "email, which was to follow later, is due now" in why
    [said] = await daily_cap(system)
    assert said.endswith("(sms)")
    answer = await system.api.get(f"/api/v1/users/{ana['id']}/contact-methods/{phone['id']}")
    assert answer.json()["last_error"] is None, "the address is not at fault"
    for incident in (*earlier, third):
        await system.api.post(f"/api/v1/incidents/{incident}/resolve")
    await system.advance(hours=24)
    sms.sent.clear()
    await system.event(service["key"], "tomorrow")
    assert (len(sms.sent), await daily_cap(system)) == (1, [])


async def test_who_has_no_other_way_is_not_waited_for(system: System, sms: FakeChannel) -> None:
    ana, ben = await system.user("Ana", channel=None), await system.user("Ben")
    await system.make(f"users/{ana['id']}/contact-methods", channel="sms", address="+351912345678", verified=True)
    service = await system.service([to(ana)], [to(ben)], step_delay="PT30M")
    for n in range(3):
        await system.event(service["key"], f"disk-{n}")
        await system.run_due()
    assert len(sms.sent) == 2
    assert "Ben" in system.pages(), "the next step, without waiting half an hour"
