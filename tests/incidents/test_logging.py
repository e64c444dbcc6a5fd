"""Incidents that people log: what is known of them, what is obligatory, and that they page."""

from typing import Any

from tests.incidents.acting import responder
from tests.system import System, to

JSON = dict[str, Any]


async def on_duty(system: System, **service: Any) -> JSON:
    """A service whose policy pages Ana, with these settings."""
    ana = await system.user("Ana")
    policy = await system.make("escalation-policies", name="Web", repeat=0, steps=[{"delay": "PT5M", "targets": [to(ana)]}])
    return await system.make("services", name="web", escalation_policy_id=policy["id"], **service)


async def test_what_a_person_logs_pages_and_keeps_who_reported_it(system: System) -> None:
    service = await on_duty(system)
    reporter = {"name": "Kim", "kind": "customer", "contact": "kim@customer.example"}
    made = await system.make(
        "incidents",
        title="The shop is slow",
        service_id=service["id"],
        description="Since **noon**.",
        reporter=reporter,
        noticed_at="2026-03-02T11:40:00Z",
        impact="large",
        business_urgency="high",
        affected_users=300,
    )
    await system.run_due()
    assert system.pages() == ["Ana"]
    shown = await system.incident(made["id"])
    assert shown["reporter"] == reporter | {"user_id": None}
    assert (shown["reported_at"], shown["noticed_at"]) == ("2026-03-02T12:00:00Z", "2026-03-02T11:40:00Z")
    assert (shown["priority"], shown["urgency"], shown["is_major"]) == ("P2", "high", False)
    assert shown["priority_reason"] == "impact large and business urgency high make P2"
    assert (shown["description"], shown["affected_users"], shown["version"]) == ("Since **noon**.", 300, 1)
    assert (await system.reasons(made["id"]))[0] == "opened: logged by environment admin key, reported by Kim (customer): The shop is slow"


async def test_priority_one_is_major_and_pages_at_high_urgency_whatever_the_service_says(system: System) -> None:
    service = await on_duty(system, urgency="low")
    made = await system.make("incidents", title="Down", service_id=service["id"], impact="widespread", business_urgency="critical")
    assert (made["priority"], made["urgency"], made["is_major"]) == ("P1", "high", True)


async def test_what_a_service_says_is_true_of_what_nobody_said(system: System) -> None:
    service = await on_duty(system, default_impact="limited", default_business_urgency="low")
    made = await system.make("incidents", title="Slow", service_id=service["id"], impact="large")
    assert (made["priority"], made["impact"], made["business_urgency"]) == ("P4", "large", "low")


async def test_everything_obligatory_is_said_at_once(system: System) -> None:
    service = await on_duty(system, process="itil")
    body = {"title": "Slow", "service_id": service["id"], "reported_at": "2026-03-03T00:00:00Z", "priority": "P2"}
    answer = await system.api.post("/api/v1/incidents", json=body)
    assert answer.status_code == 422
    assert [fault["loc"] for fault in answer.json()["errors"]] == [
        "body.reporter",
        "body.category_id",
        "body.reported_at",
        "body.priority_reason",
    ]


async def test_what_does_not_exist_is_named(system: System) -> None:
    service = await on_duty(system)
    nothing = "00000000-0000-7000-8000-000000000000"
    for body, sentence in (
        ({"service_id": nothing}, "There is no service with this id."),
        ({"service_id": service["id"], "category_id": nothing}, "There is no category with this id."),
    ):
        answer = await system.api.post("/api/v1/incidents", json={"title": "x"} | body)
        assert (answer.status_code, answer.json()["detail"]) == (422, sentence)
    assert system.pages() == []


async def test_what_a_monitor_opens_is_filed_as_its_service_says(system: System) -> None:
    ana = await system.user("Ana")
    made = await system.service([to(ana)], process="itil", default_impact="widespread", default_business_urgency="high")
    decided = await system.event(made["key"])
    shown = await system.incident(decided["incident_id"])
    assert (shown["process"], shown["priority"], shown["is_major"], shown["urgency"]) == ("itil", "P1", True, "high")
    assert shown["priority_reason"] == "impact widespread and business urgency high make P1, as its service says"


async def test_what_was_logged_is_corrected_and_the_first_category_is_kept(system: System) -> None:
    service = await on_duty(system)
    ana = await responder(system, "Ana")
    made = await system.make("incidents", title="Slow", service_id=service["id"])
    path = f"/api/v1/incidents/{made['id']}"
    answer = await ana.client.patch(path, json={"title": "Slow shop", "description": "Only in Lisbon"}, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["title"], answer.json()["description"], answer.headers["etag"]) == ("Slow shop", "Only in Lisbon", '"2"')
    assert "record_edited: Ana corrected: description, title" in await system.reasons(made["id"])
    stale = await ana.client.patch(path, json={"title": "Fast"}, headers={"If-Match": '"1"'})
    unsaid = await ana.client.patch(path, json={"title": "Fast"})
    nothing = await ana.client.patch(path, json={}, headers={"If-Match": '"2"'})
    assert (stale.status_code, unsaid.status_code, nothing.status_code) == (412, 428, 422)
