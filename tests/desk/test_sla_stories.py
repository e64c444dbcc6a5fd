"""Promises of an SLA through the whole system: who is paged, what is told, and what runs on."""

from typing import Any

from tests.system import System, to

JSON = dict[str, Any]
P2 = {"acknowledge": "PT20M", "resolve": "PT2H"}


async def promised(system: System, *, targets: JSON | None = None, policy: str | None = None, **more: Any) -> tuple[JSON, JSON]:
    """A service whose incidents are P2, with an SLA that Mia, then Max, manage; Ana is on call and is paged once."""
    mia, max_ = await system.user("Mia"), await system.user("Max")
    steps = [{"delay": "PT5M", "targets": [to(mia)]}, {"delay": "PT5M", "targets": [to(max_)]}]
    managers = await system.make("escalation-policies", name="Managers", steps=steps)
    sla = await system.make("slas", name="Gold", targets=targets or {"P2": P2}, manager_policy_id=policy or managers["id"], **more)
    made = await system.service(
        [to(await system.user("Ana"))],
        step_delay="PT8H",
        sla_id=sla["id"],
        ack_timeout=None,
        default_impact="large",
        default_business_urgency="high",
    )
    return made, sla


async def test_a_warning_pages_the_manager_and_a_breach_the_next_one(system: System) -> None:
    made, sla = await promised(system)
    id = (await system.event(made["key"]))["incident_id"]
    assert system.pages() == ["Ana"]
    shown = (await system.incident(id))["sla"]
    assert shown == {
        "id": sla["id"], "acknowledge_by": "2026-03-02T12:20:00Z", "resolve_by": "2026-03-02T14:00:00Z", "update_by": None,
        "at_risk": [], "breached": [],
    }  # fmt: skip
    await system.advance(minutes=14, seconds=30)
    assert system.pages() == []
    await system.advance(seconds=30)
    assert system.pages() == ["Mia"]
    assert (await system.incident(id))["sla"]["at_risk"] == ["acknowledge"]
    await system.advance(minutes=5)
    assert system.pages() == ["Max"]
    assert ((await system.incident(id))["sla"]["at_risk"], (await system.incident(id))["sla"]["breached"]) == ([], ["acknowledge"])
    told = await system.reasons(id)
    assert "sla_at_risk: SLA Gold: its SLA is at risk: to be acknowledged by 2026-03-02 12:20 UTC, 5 min left" in told
    assert "sla_breached: SLA Gold: its SLA is broken: to be acknowledged by 2026-03-02 12:20 UTC, which is now" in told
    assert (await system.incident(id))["status"] == "triggered", "the escalation is not disturbed"
