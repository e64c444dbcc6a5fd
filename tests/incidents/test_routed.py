"""Routing rules at work: where events go, what they become there, and that an end finds its alert wherever that is."""

from typing import Any

from tests.incidents.building import Monitor, monitored, rows
from tests.system import System, to

JSON = dict[str, Any]


async def other_service(system: System, monitor: Monitor, name: str = "databases") -> JSON:
    service = (await system.api.get(f"/api/v1/services/{monitor.service_id}")).json()
    policy = await system.make(
        "escalation-policies", name=name, steps=[{"delay": "PT5M", "targets": [to(await system.user(name.title()))]}]
    )
    return await system.make("services", name=name, escalation_policy_id=policy["id"], urgency=service["urgency"])


async def rule(system: System, **body: Any) -> JSON:
    return await system.make("routing-rules", **{"name": "to databases"} | body)


def paged(system: System) -> list[str]:
    return [message.address.partition("@")[0] for message in system.email.sent]


async def test_an_event_opens_in_the_service_that_the_rule_names_and_its_end_finds_it_there(system: System) -> None:
    monitor = await monitored(system)
    databases = await other_service(system, monitor)
    await rule(system, matchers=["team=db"], service_id=databases["id"])
    (opened,) = await monitor.says(monitor.event("disk", labels={"team": "db"}))
    (own,) = await monitor.says(monitor.event("cpu", labels={"team": "web"}))
    await system.run_due()
    assert sorted(paged(system)) == ["ana", "databases"]
    assert opened.reason == 'routing rule "to databases" sent it to service databases: no alert with this dedup key was open'
    assert own.reason == "no alert with this dedup key was open"
    (ended,) = await monitor.says(monitor.event("disk", "resolve"))  # says nothing of its team
    assert (ended.decision, ended.incident_id) == ("resolved", opened.incident_id)
    assert await rows(system, f"SELECT count(*) FROM events WHERE service_id = '{databases['id']}'") == [(2,)]


async def test_in_one_batch_an_end_follows_its_trigger_and_a_repeat_its_end(system: System) -> None:
    monitor = await monitored(system)
    databases = await other_service(system, monitor)
    await rule(system, matchers=["team=db"], service_id=databases["id"])
    trigger = monitor.event("disk", labels={"team": "db"})
    said = await system.node.gate.accept([trigger, monitor.event("disk", "resolve"), monitor.event("disk", labels={"team": "db"})])
    assert [d.decision for d in said] == ["opened", "resolved", "reopened"]
    again = await system.node.gate.accept([monitor.event("disk", "resolve"), monitor.event("disk", labels={"team": "db"})])
    assert [d.decision for d in again] == ["resolved", "reopened"], "the trigger is no repeat of what has just ended"


async def test_a_rule_changes_severity_urgency_and_labels(system: System) -> None:
    monitor = await monitored(system)
    await rule(system, name="quiet", matchers=["env=dev"], severity="info", add_labels={"noise": "yes"}, **{"continue": True})
    await rule(system, name="low", matchers=["noise=yes"], urgency="low", drop_labels=["env"])
    (opened,) = await monitor.says(monitor.event("disk", labels={"env": "dev"}))
    shown = (await system.api.get(f"/api/v1/incidents/{opened.incident_id}")).json()
    assert (shown["severity"], shown["urgency"]) == ("info", "low")
    assert await rows(system, "SELECT labels FROM alerts") == [({"noise": "yes"},)]
    assert opened.reason.startswith('routing rule "quiet" made its severity info, added noise=yes; routing rule "low" ')


async def test_a_rule_says_what_is_grouped_by_what(system: System) -> None:
    monitor = await monitored(system)
    await rule(system, matchers=["site=~.+"], group_key=["site"])
    said = []
    for key, site in (("a", "ams"), ("b", "ams"), ("c", "lis")):
        said += await monitor.says(monitor.event(key, labels={"site": site}))
    assert [d.decision for d in said] == ["opened", "grouped", "opened"]


async def test_a_rule_counts_from_its_commit_on(system: System) -> None:
    monitor = await monitored(system)
    databases = await other_service(system, monitor)
    made = await rule(system, matchers=["dedup_key=~disk.*"], service_id=databases["id"])
    (first,) = await monitor.says(monitor.event("disk-1"))
    assert (await system.api.delete(f"/api/v1/routing-rules/{made['id']}")).status_code == 204
    (second,) = await monitor.says(monitor.event("disk-2"))
    assert first.reason.startswith("routing rule")
    assert not second.reason.startswith("routing rule")
    (ended,) = await monitor.says(monitor.event("disk-1", "resolve"))
    assert (ended.decision, ended.incident_id) == ("resolved", first.incident_id), "though no rule says any more where it was"


async def test_what_joins_another_incident_says_which_rule_sent_it_there(system: System) -> None:
    monitor = await monitored(system)
    databases = await other_service(system, monitor)
    body = {name: value for name, value in databases.items() if name in {"name", "escalation_policy_id"}}
    put = await system.api.put(f"/api/v1/services/{databases['id']}", json=body | {"grouping": {"type": "all"}}, headers={"If-Match": "*"})
    assert put.status_code == 200, put.text
    await rule(system, matchers=["team=db"], service_id=databases["id"])
    said = [(await monitor.says(monitor.event(key, labels={"team": "db"})))[0] for key in ("disk", "cpu")]
    assert [d.decision for d in said] == ["opened", "grouped"]
    assert said[1].reason.startswith('routing rule "to databases" sent it to service databases: ')


async def test_what_opened_under_a_rule_that_is_another_by_now_is_ended_where_it_is(system: System) -> None:
    monitor = await monitored(system)
    databases = await other_service(system, monitor)
    made = await rule(system, matchers=["team=db"], service_id=databases["id"])
    opened = [said for key in ("disk", "cpu") for said in await monitor.says(monitor.event(key, labels={"team": "db"}))]
    assert (await system.api.delete(f"/api/v1/routing-rules/{made['id']}")).status_code == 204
    (acknowledged,) = await monitor.says(monitor.event("disk", "acknowledge", labels={"team": "db"}))
    (ended,) = await monitor.says(monitor.event("cpu", "resolve", labels={"team": "db"}))
    assert [(d.decision, d.incident_id) for d in (acknowledged, ended)] == [
        ("acknowledged", opened[0].incident_id),
        ("resolved", opened[1].incident_id),
    ]
    assert ended.reason == "its alert is open in another service than the one it would be sent to: its monitor resolved it"


async def test_an_end_is_not_that_of_another_integrations_alert_elsewhere(system: System) -> None:
    monitor = await monitored(system)
    databases = await other_service(system, monitor)
    integration = await system.make(f"services/{databases['id']}/integrations", name="other", type="pagerduty")
    other = Monitor(system, {"service": databases, "integration": integration})
    await rule(system, matchers=["job=db"], service_id=databases["id"])
    await other.says(other.event("disk"))
    said = [(await monitor.says(monitor.event("disk", "resolve", labels={"job": job})))[0].decision for job in ("web", "db")]
    assert said == ["no_open_alert", "resolved"], "in the very service it is sent to it is the same problem"
