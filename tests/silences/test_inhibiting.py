"""`semantics.md` §3: an open source mutes its targets, while it pages or is acknowledged itself, and no longer."""

from datetime import timedelta
from typing import Any

import pytest
from tests.incidents.building import Monitor, monitored
from tests.silences.test_muting import shown, silence
from tests.system import System


async def inhibition(system: System, **more: Any) -> dict[str, Any]:
    body = {
        "name": "node down",
        "source_matchers": ["alertname=NodeDown"],
        "target_matchers": ["severity=~warning|error"],
        "equal": ["node"],
    }
    answer = await system.api.post("/api/v1/inhibitions", json=body | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def monitored_too(system: System, monitor: Monitor) -> Monitor:
    """Another service of the same policy."""
    policy = (await system.api.get(f"/api/v1/services/{monitor.service_id}")).json()["escalation_policy_id"]
    service = await system.make("services", name="db", escalation_policy_id=policy)
    return Monitor(
        system, {"service": service, "integration": await system.make(f"services/{service['id']}/integrations", name="i", type="pagerduty")}
    )


def down(monitor: Monitor, node: str = "a", action: str = "trigger", severity: str = "critical") -> Any:
    return monitor.event(f"down-{node}", action, severity, labels={"alertname": "NodeDown", "node": node})


def disk(monitor: Monitor, node: str = "a", severity: str = "error") -> Any:
    return monitor.event(f"disk-{node}", severity=severity, labels={"alertname": "Disk", "node": node})


async def test_a_target_is_held_while_its_source_is_open_and_pages_when_that_resolves(system: System) -> None:
    monitor = await monitored(system)
    await inhibition(system)
    (source,) = await monitor.says(down(monitor))
    target, other = await monitor.says(disk(monitor), disk(monitor, "b"))
    await system.run_due()
    assert [source.decision, target.decision, other.decision] == ["opened", "muted", "opened"]
    shown = (await system.api.get(f"/api/v1/incidents/{target.incident_id}")).json()
    assert (shown["escalation"]["state"], len(system.email.sent)) == ("held", 2)
    assert "inhibited by “node down” while this is open: Disk full" in shown["escalation"]["reason"]
    await monitor.says(down(monitor, action="resolve"))
    await system.run_due()
    assert len(system.email.sent) == 3, "within a tick"


async def test_a_source_that_opens_with_its_target_in_one_batch_mutes_it(system: System) -> None:
    monitor = await monitored(system)
    await inhibition(system)
    said = await system.node.gate.accept([disk(monitor), down(monitor)])
    assert [d.decision for d in said] == ["muted", "opened"]


async def test_resolving_the_source_by_hand_releases_its_targets(system: System) -> None:
    monitor = await monitored(system)
    await inhibition(system)
    (source,) = await monitor.says(down(monitor))
    await monitor.says(disk(monitor))
    await system.run_due()
    await system.api.post(f"/api/v1/incidents/{source.incident_id}/resolve")
    await system.run_due()
    assert len(system.email.sent) == 2


async def test_an_acknowledged_source_still_inhibits(system: System) -> None:
    monitor = await monitored(system)
    await inhibition(system)
    (source,) = await monitor.says(down(monitor))
    await system.api.post(f"/api/v1/incidents/{source.incident_id}/acknowledge")
    assert (await monitor.says(disk(monitor)))[0].decision == "muted"


async def test_a_source_that_is_muted_itself_inhibits_nothing(system: System) -> None:
    monitor = await monitored(system)
    await inhibition(system)
    body = {"matchers": ["alertname=NodeDown"], "ends_at": "2026-03-02T13:00:00Z", "comment": "known"}
    assert (await system.api.post("/api/v1/silences", json=body)).status_code == 201
    (source,) = await monitor.says(down(monitor))
    (target,) = await monitor.says(disk(monitor))
    assert [source.decision, target.decision] == ["muted", "opened"]


async def test_a_source_that_is_silenced_while_somebody_has_its_incident_releases_its_targets(system: System) -> None:
    monitor = await monitored(system)
    await inhibition(system)
    (source,) = await monitor.says(down(monitor))
    await system.run_due()
    acknowledged = await system.api.post(f"/api/v1/incidents/{source.incident_id}/acknowledge", json={})
    assert acknowledged.status_code == 200, acknowledged.text
    (target,) = await monitor.says(disk(monitor))
    assert target.decision == "muted"
    await silence(system, "alertname=NodeDown")
    await system.run_due()
    assert (await shown(system, target.incident_id))["escalation"]["state"] == "running"


@pytest.mark.parametrize("others", [0, 20])
async def test_a_silenced_source_inhibits_nothing_though_its_incident_is_loud_through_another_alert(system: System, others: int) -> None:
    monitor = await monitored(system, grouping={"type": "all"})
    other = await monitored_too(system, monitor)
    await inhibition(system)
    await silence(system, "alertname=NodeDown", "dedup_key!=down-loud")
    silenced = [monitor.event(f"down-{n}", labels={"alertname": "NodeDown", "node": "a"}) for n in range(1 + others)]
    await monitor.says(*silenced, disk(monitor, "b"))
    (target,) = await other.says(disk(other))
    assert target.decision == "opened"
    await monitor.says(monitor.event("down-loud", labels={"alertname": "NodeDown", "node": "a"}))
    (target,) = await other.says(other.event("disk-2", severity="error", labels={"alertname": "Disk", "node": "a"}))
    assert target.decision == "muted", "the first that is not silenced is found behind all that are"


async def test_a_source_of_lower_urgency_inhibits_nothing_graver(system: System) -> None:
    monitor = await monitored(system)
    await inhibition(system)
    await monitor.says(down(monitor, severity="info"))
    graver, same = await monitor.says(disk(monitor, severity="error"), monitor.event("x", severity="warning", labels={"node": "a"}))
    assert [graver.decision, same.decision] == ["opened", "muted"]


async def test_an_alert_does_not_inhibit_itself_nor_another_of_both_kinds(system: System) -> None:
    monitor = await monitored(system)
    await inhibition(system, target_matchers=["alertname=~Node.*"])
    one = monitor.event("one", labels={"alertname": "NodeDown", "node": "a"})
    other = monitor.event("other", labels={"alertname": "NodeDown", "node": "a"})
    assert [d.decision for d in await monitor.says(one, other)] == ["opened", "opened"]


@pytest.mark.parametrize("how", ["delete", "edit"])
async def test_a_rule_that_is_changed_counts_for_what_is_open_already(system: System, how: str) -> None:
    monitor = await monitored(system)
    await monitor.says(down(monitor))
    made = await inhibition(system)
    (target,) = await monitor.says(disk(monitor))
    await system.run_due()
    assert target.decision == "muted", "its source was open before the rule was made"
    url = f"/api/v1/inhibitions/{made['id']}"
    if how == "delete":
        assert (await system.api.delete(url)).status_code == 204
    else:
        body = {"name": "x", "source_matchers": ["alertname=Other"], "target_matchers": ["severity=error"], "equal": []}
        assert (await system.api.put(url, json=body, headers={"If-Match": "*"})).status_code == 200
    await system.run_due()
    assert len(system.email.sent) == 2


async def test_a_source_whose_monitor_has_fallen_silent_inhibits_no_longer(system: System) -> None:
    monitor = await monitored(system)
    await inhibition(system)
    source = monitor.event("down", expires_at=system.clock.at.replace(minute=4), labels={"alertname": "NodeDown", "node": "a"})
    await monitor.says(source)
    (target,) = await monitor.says(disk(monitor))
    await system.run_due()
    assert len(system.email.sent) == 1
    await system.advance(minutes=5)
    assert target.incident_id in {message.incident_id for message in system.email.sent}, "looked at again every minute"


BY_SEVERITY = {"source_matchers": ["severity=critical"], "target_matchers": ["severity=~warning|error"], "equal": ["node"]}


async def test_an_alert_does_not_inhibit_itself_by_what_it_was(system: System) -> None:
    monitor = await monitored(system)
    await inhibition(system, **BY_SEVERITY)
    for severity in ("critical", "error"):
        await monitor.says(monitor.event("disk", severity=severity, labels={"node": "a"}))
    await system.run_due()
    await system.advance(minutes=5)
    assert len(system.email.sent) == 2, "it escalates"


@pytest.mark.parametrize("how", ["says", "gate"])
async def test_a_source_that_is_one_no_longer_releases_its_targets_and_one_that_becomes_one_mutes_them(system: System, how: str) -> None:
    monitor = await monitored(system)
    await inhibition(system, **BY_SEVERITY)

    async def say(key: str, severity: str) -> str:
        event = monitor.event(key, severity=severity, labels={"node": "a"})
        (said,) = await (monitor.says(event) if how == "says" else system.node.gate.accept([event]))
        await system.run_due()
        return f"{said.decision}"

    assert [await say("source", "info"), await say("source", "critical"), await say("one", "error")] == ["opened", "deduplicated", "muted"]
    sent = len(system.email.sent)
    assert (await say("source", "info"), len(system.email.sent)) == ("deduplicated", sent + 1), "within a tick"


async def test_a_silence_by_severity_holds_an_alert_no_longer_that_changed_its_own(system: System) -> None:
    monitor = await monitored(system)
    body = {"matchers": ["severity=error"], "ends_at": "2026-03-02T13:00:00Z", "comment": "known"}
    assert (await system.api.post("/api/v1/silences", json=body)).status_code == 201
    await monitor.says(monitor.event("disk", severity="error"))
    await system.node.gate.accept([monitor.event("disk", severity="warning")])
    await system.run_due()
    assert len(system.email.sent) == 1


async def test_a_source_for_which_nobody_is_reached_any_more_releases_its_targets_within_a_tick(system: System) -> None:
    monitor = await monitored(system, repeat=0)
    await inhibition(system)
    (source,) = await monitor.says(down(monitor))
    await system.run_due()
    await system.advance(minutes=9, seconds=50)
    (target,) = await monitor.says(disk(monitor))
    assert target.decision == "muted"
    await system.advance(seconds=10)
    shown = (await system.api.get(f"/api/v1/incidents/{source.incident_id}")).json()
    assert shown["escalation"]["state"] == "exhausted"
    assert system.email.sent[-1].incident_id == target.incident_id


async def test_a_source_that_is_held_itself_inhibits_nothing_that_opens_with_it(system: System) -> None:
    monitor = await monitored(system, delay={"for": "PT5M"})
    await inhibition(system, target_matchers=["alertname=Disk"])
    await system.node.gate.accept([disk(monitor, severity="critical"), down(monitor, severity="error")])
    await system.run_due()
    assert len(system.email.sent) == 1


@pytest.mark.parametrize("end", ["by itself", "expired"])
async def test_when_one_silence_ends_over_a_source_and_its_targets_the_source_mutes_them(system: System, end: str) -> None:
    monitor = await monitored(system)
    await inhibition(system)
    body = {"matchers": ["node=a"], "ends_at": (system.clock.at + timedelta(minutes=10)).isoformat(), "comment": "moving racks"}
    made = await system.make("silences", **body)
    said = await monitor.says(disk(monitor), down(monitor))
    assert [d.decision for d in said] == ["muted", "muted"]
    if end == "expired":
        await system.api.post(f"/api/v1/silences/{made['id']}/expire")
        await system.run_due()
    await system.advance(minutes=11)
    assert {f"{message.incident_id}" for message in system.email.sent} == {f"{said[1].incident_id}"}, "the node, and not its disk"
