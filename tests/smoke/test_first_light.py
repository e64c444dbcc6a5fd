"""From an alert to an acknowledgement, as the people in it live through it."""

from tests.system import System, to


async def test_an_alert_pages_the_first_person_then_the_second_then_starts_over(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    made = await system.service([to(ana)], [to(ben)], repeat=1)
    event = await system.event(made["key"])
    assert event["decision"] == "opened"
    assert system.pages() == ["Ana"]
    await system.advance(minutes=4, seconds=30)
    assert system.pages() == []
    await system.advance(seconds=30)
    assert system.pages() == ["Ben"]
    await system.advance(minutes=5)
    assert system.pages() == ["Ana"], "the second round begins after the last step's delay"
    await system.advance(minutes=5)
    assert system.pages() == ["Ben"]
    await system.advance(minutes=5)
    incident = await system.incident(event["incident_id"])
    assert incident["escalation"]["state"] == "exhausted"
    assert system.pages() == []
    await system.advance(minutes=30)
    assert system.pages() == ["Ana"], "exhausted is retried after PT30M"
