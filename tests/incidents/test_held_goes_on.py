"""What is held goes on when what holds it is no more, as what it was: services are edited, labels change, steps fall due meanwhile."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.incidents.building import Monitor, monitored
from tests.silences.test_muting import paged, shown, silence
from tests.system import System, to


async def edit(system: System, monitor: Monitor, **changes: Any) -> None:
    address = f"/api/v1/services/{monitor.service_id}"
    body = {name: value for name, value in (await system.api.get(address)).json().items() if name not in {"id", "version", "created_at"}}
    answer = await system.api.put(address, json=body | changes, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("service", "silenced", "edited"),
    [
        pytest.param({"threshold": {"count": 3, "within": "P1D"}}, None, {"threshold": None}, id="its threshold is taken away"),
        pytest.param({"threshold": {"count": 3, "within": "P1D"}}, None, {"threshold": {"count": 2, "within": "P1D"}}, id="or lowered"),
        pytest.param({"delay": {"for": "P7D"}}, None, {"delay": None}, id="its delay is taken away"),
        pytest.param({"delay": {"for": "P7D"}}, None, {"delay": {"for": "PT10M"}}, id="or shortened"),
        pytest.param({}, 'service="payments-api"', {"name": "payments"}, id="it has another name than the one that is silenced"),
    ],
)
async def test_what_a_service_held_pages_when_it_is_edited(
    system: System, service: dict[str, Any], silenced: str | None, edited: dict[str, Any]
) -> None:
    monitor = await monitored(system, **service)
    if silenced:
        await silence(system, silenced, hours=24 * 300)
    said = await monitor.says(monitor.event("disk", severity="error"), monitor.event("disk", severity="error"))
    await system.run_due()
    assert (await shown(system, said[0].incident_id))["escalation"]["state"] == "held"
    await edit(system, monitor, **edited)
    await system.advance(minutes=10)
    assert "ana" in paged(system)


async def test_another_change_of_a_service_wakes_nothing(system: System) -> None:
    monitor = await monitored(system, delay={"for": "P7D"})
    (said,) = await monitor.says(monitor.event("disk", severity="error"))
    await system.run_due()
    before = (await shown(system, said.incident_id))["escalation"]
    await edit(system, monitor, reopen_window="PT1H")
    await system.advance(minutes=10)
    assert ((await shown(system, said.incident_id))["escalation"], paged(system)) == (before, [])


Then = Callable[[System, Monitor], Awaitable[None]]


async def at_once(_: System, __: Monitor) -> None:
    """It is open still."""


async def resolved(_: System, monitor: Monitor) -> None:
    await monitor.says(monitor.event("disk", "resolve"))


@pytest.mark.parametrize("meanwhile", [at_once, resolved], ids=["a repeat", "a reopening"])
async def test_labels_are_those_of_its_last_trigger(system: System, meanwhile: Then) -> None:
    monitor = await monitored(system)
    await silence(system, 'env="test"')
    await monitor.says(monitor.event("disk", labels={"env": "test"}))
    await meanwhile(system, monitor)
    (said,) = await monitor.says(monitor.event("disk", labels={"env": "prod"}))
    await system.run_due()
    assert paged(system) == ["ana"], "what is silenced is another"
    alert = (await system.api.get(f"/api/v1/alerts/{said.alert_id}")).json()
    assert alert["labels"] == {"env": "prod"}


async def test_a_trigger_without_labels_takes_none_away(system: System) -> None:
    monitor = await monitored(system)
    await silence(system, 'env="test"')
    await monitor.says(monitor.event("disk", labels={"env": "test"}))
    (said,) = await monitor.says(monitor.event("disk", labels={}))
    await system.run_due()
    assert (said.decision, paged(system)) == ("deduplicated", [])


async def test_what_comes_back_or_joins_under_a_silence_says_so(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "all"})
    await silence(system, 'env="test"')
    await monitor.says(monitor.event("disk", labels={"env": "test"}))
    (joined,) = await monitor.says(monitor.event("cpu", labels={"env": "test"}))
    await monitor.says(monitor.event("cpu", "resolve"), monitor.event("disk", "resolve"))
    (back,) = await monitor.says(monitor.event("disk", labels={"env": "test"}))
    assert [(said.decision, "; silenced by" in said.reason) for said in (joined, back)] == [("grouped", True), ("reopened", True)]


async def test_who_was_not_told_before_a_hold_is_told_after_it_with_those_of_the_next_step(system: System) -> None:
    ana, ben = await system.user("Ana", rules=(("high", "PT3M"),)), await system.user("Ben")
    monitor = Monitor(system, await system.service([to(ana)], [to(ben)]))
    await monitor.says(monitor.event("disk", labels={"env": "test"}))
    await system.run_due()
    await system.advance(minutes=1)
    made = await silence(system, 'env="test"')
    await system.advance(minutes=9)
    assert paged(system) == []
    assert (await system.api.post(f"/api/v1/silences/{made['id']}/expire")).status_code == 200
    await system.advance(minutes=1)
    assert sorted(paged(system)) == ["ana", "ben"]


async def test_what_was_exhausted_is_so_again_when_nothing_holds_it(system: System) -> None:
    ana = await system.user("Ana")
    monitor = Monitor(system, await system.service([to(ana)], exhausted_retry="PT30M", repeat=0))
    (said,) = await monitor.says(monitor.event("disk", labels={"env": "test"}))
    await system.advance(minutes=6)
    states = [(await shown(system, said.incident_id))["escalation"]["state"]]
    made = await silence(system, 'env="test"')
    await system.run_due()
    states.append((await shown(system, said.incident_id))["escalation"]["state"])
    assert (await system.api.delete(f"/api/v1/silences/{made['id']}")).status_code == 204
    await system.run_due()
    states.append((await shown(system, said.incident_id))["escalation"]["state"])
    assert states == ["exhausted", "held", "exhausted"]
    await system.advance(minutes=30)
    assert paged(system) == ["ana", "ana"], "its retry comes all the same"


async def test_triggers_count_also_of_what_something_else_held_when_it_opened(system: System) -> None:
    monitor = await monitored(system)
    await silence(system, 'env="test"', hours=1)
    event = monitor.event("disk", severity="error", labels={"env": "test"})
    await monitor.says(event)
    await system.run_due()
    await edit(system, monitor, threshold={"count": 4, "within": "PT10M"})
    await system.advance(minutes=69)
    for minutes in (0.4, 0.7, 0.5, 0.5):  # across the instant at which it is looked at again
        await monitor.says(monitor.event("disk", severity="error", labels={"env": "test"}))
        await system.advance(minutes=minutes)
    assert paged(system) == ["ana"]


async def test_a_rise_to_high_urgency_does_not_take_a_threshold_with_it(system: System) -> None:
    monitor = await monitored(system, threshold={"count": 3, "within": "PT10M"})
    await monitor.says(monitor.event("disk", severity="warning"))
    await monitor.says(monitor.event("disk", severity="error"))
    await system.run_due()
    assert paged(system) == []
    await monitor.says(monitor.event("disk", severity="error"))
    await system.run_due()
    assert paged(system) == ["ana"]


async def test_what_was_woken_is_looked_at_though_something_else_is_saved_of_it_before(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "all"})
    made = await silence(system, "env=test", hours=24)
    await monitor.says(*(monitor.event(key, labels={"env": "test"}) for key in ("disk", "cpu")))
    await system.run_due()
    assert (await system.api.delete(f"/api/v1/silences/{made['id']}")).status_code == 204
    await monitor.says(monitor.event("cpu", "resolve"))
    await system.run_due()
    assert paged(system) == ["ana"]
