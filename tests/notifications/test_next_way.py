"""`reliability.md` F16: "permanent: no retry on this channel; next channel immediately"."""

from typing import Any

import pytest
from tests.incidents.building import rows
from tests.system import System, to

from oncall.channels.values import FailedPermanently, FailedTemporarily

LOST = FailedPermanently("no such mailbox", code="bad_mailbox")
HOOK = "https://hooks.example.com/ana"


async def reached(system: System, *ways: tuple[str, str], urgency: str = "high") -> dict[str, Any]:
    """Ana, who is paged by these (channel, delay); a service that pages her, and after half an hour Ben."""
    ana, ben = await system.user("Ana", channel=None), await system.user("Ben")
    addresses = {"email": "ana@example.org", "webhook": HOOK}
    methods = {
        channel: await system.make(f"users/{ana['id']}/contact-methods", channel=channel, address=addresses[channel], verified=True)
        for channel in dict(ways)
    }
    for channel, delay in ways:
        rule = {"urgency": urgency, "delay": delay, "contact_method_id": methods[channel]["id"]}
        await system.make(f"users/{ana['id']}/notification-rules", **rule)
    return await system.service([to(ana)], [to(ben)], step_delay="PT30M", urgency=urgency)


def told(system: System) -> tuple[int, int]:
    """How many messages left, or tried to."""
    return len(system.email.sent), len(system.webhook.sent)


async def test_what_can_never_arrive_lets_the_next_way_go_at_once(system: System) -> None:
    made = await reached(system, ("email", "PT0S"), ("webhook", "PT10M"))
    system.email.outcomes = [LOST]
    event = await system.event(made["key"])
    assert told(system) == (1, 1)
    assert system.webhook.sent[0].late_by is None
    [line] = [line for line in await system.reasons(event["incident_id"]) if line.startswith("send_failed")]
    assert line.endswith("no such mailbox; webhook, which was to follow later, is due now")
    await system.advance(minutes=29)
    assert told(system) == (1, 1), "once, and its step is not lost"


async def test_only_the_next_one_and_only_who_has_nothing_else(system: System) -> None:
    made = await reached(system, ("webhook", "PT0S"), ("email", "PT0S"), ("webhook", "PT10M"), ("email", "PT20M"))
    system.email.outcomes = [LOST]
    await system.event(made["key"])
    assert told(system) == (1, 1)
    await system.advance(minutes=9)
    assert told(system) == (1, 1)


async def test_what_fails_for_a_while_hastens_nothing(system: System) -> None:
    made = await reached(system, ("email", "PT0S"), ("webhook", "PT10M"))
    system.email.outcomes = [FailedTemporarily("busy")]
    await system.event(made["key"])
    await system.advance(minutes=1)
    assert told(system) == (2, 0)


async def test_when_all_are_lost_the_step_is(system: System) -> None:
    made = await reached(system, ("email", "PT0S"), ("webhook", "PT10M"))
    system.email.outcomes, system.webhook.outcomes = [LOST], [LOST]
    await system.event(made["key"])
    assert [m.recipient for m in system.email.sent] == ["Ana", "Ben"]


async def test_what_may_wait_is_hastened_by_nothing(system: System) -> None:
    """Of low urgency it may be held by quiet hours."""
    made = await reached(system, ("email", "PT0S"), ("webhook", "PT10M"), urgency="low")
    system.email.outcomes = [LOST]
    await system.event(made["key"])
    assert told(system) == (1, 0)


@pytest.mark.parametrize("verb", ["acknowledge", "resolve"])
async def test_nothing_is_hastened_of_what_is_over(system: System, verb: str) -> None:
    made = await reached(system, ("email", "PT0S"), ("webhook", "PT10M"))
    system.email.outcomes = [FailedTemporarily("busy")]
    event = await system.event(made["key"])
    assert (await system.api.post(f"/api/v1/incidents/{event['incident_id']}/{verb}")).status_code == 200
    system.email.always = LOST
    await system.advance(minutes=20)
    assert await rows(system, "SELECT DISTINCT status FROM notifications WHERE urgency <> 'update'") == [("cancelled",)]
