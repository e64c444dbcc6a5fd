"""Acknowledge and resolve on a real database: once, told truthfully, and never beside an escalation."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest
from tests.incidents.building import ANA, BEN, MINUTE, Monitor, blocked, monitored, rows
from tests.system import System

from oncall.escalation.values import Position
from oncall.incidents.commands import verbs
from oncall.incidents.rules import life
from oncall.incidents.values import Incident, Status
from oncall.kit import failpoints
from oncall.kit.db import Pool
from oncall.kit.ids import IncidentId, UserId, new_id

STATES = "SELECT status, count(*) FROM notifications GROUP BY status ORDER BY status"


async def opened(system: System, **more: object) -> tuple[Monitor, IncidentId]:
    """An incident whose first page is pending: nothing was sent yet."""
    monitor = await monitored(system, **more)
    [decided] = await monitor.says(monitor.event(severity=str(more.pop("severity", "critical"))))
    assert decided.incident_id is not None
    return monitor, decided.incident_id


async def incident_of(system: System, id: IncidentId) -> Incident:
    async with system.node.database.transaction() as tx:
        return await verbs.get_incident(tx, id)


@pytest.mark.parametrize("ack_timeout", ["PT30M", None])
@pytest.mark.parametrize("urgency", ["high", "low"])
async def test_the_one_conditional_update_says_what_the_rule_says(system: System, urgency: str, ack_timeout: str | None) -> None:
    _, id = await opened(system, urgency=urgency, ack_timeout=ack_timeout)
    before, owner = await incident_of(system, id), UserId(ANA.id) if ANA.id else None
    for minutes, apply, by_rule in (
        (1, verbs.acknowledge, lambda i, now: life.acknowledge(i, ANA, owner=owner, now=now)),
        (2, verbs.resolve, lambda i, now: life.resolve(i, ANA, now=now)),
    ):
        now = system.clock.at + minutes * MINUTE
        async with system.node.database.transaction(Pool.ACKS) as tx:
            more = {"owner_id": owner} if apply is verbs.acknowledge else {}
            done = await apply(tx, id, by=ANA, now=now, **more)
        expected = by_rule(before, now)
        assert done.changed
        assert replace(done.incident, escalation_reason="") == replace(expected, escalation_reason="")
        before = done.incident


async def test_acknowledging_cancels_what_is_pending_in_the_same_transaction(system: System) -> None:
    _, id = await opened(system)
    failpoints.arm("ack.pre_commit=raise")
    assert (await system.api.post(f"/api/v1/incidents/{id}/acknowledge")).status_code == 500
    failpoints.arm("")
    assert await rows(system, STATES) == [("pending", 1)], "both or neither"
    assert (await incident_of(system, id)).status is Status.TRIGGERED
    answer = await system.api.post(f"/api/v1/incidents/{id}/acknowledge")
    assert (answer.status_code, answer.json()["cancelled_pages"]) == (200, 1)
    await system.run_due()
    assert system.pages() == []
    assert await rows(system, STATES) == [("cancelled", 1)]


@pytest.mark.parametrize("verb", ["acknowledge", "resolve"])
async def test_the_second_one_is_no_error_and_is_told_who_was_first(system: System, verb: str) -> None:
    _, id = await opened(system)
    ana, ben = (await system.api.get("/api/v1/users")).json()["items"]
    path = f"/api/v1/incidents/{id}/{verb}"
    first = await system.api.post(path, json={"user_id": ana["id"]})
    system.clock.advance(MINUTE)
    second = await system.api.post(path, json={"user_id": ben["id"]})
    assert (first.status_code, second.status_code) == (200, 200)
    done = f"{verb.removesuffix('e')}ed"
    assert second.json()[f"{done}_by"]["name"] == "Ana"
    assert second.json()[f"{done}_at"] == first.json()[f"{done}_at"]
    assert (first.json()["cancelled_pages"], second.json()["cancelled_pages"]) == (1, 0)
    assert sum(line.startswith(f"{done}:") for line in await system.reasons(str(id))) == 1, "one entry per effective change"


async def test_two_people_at_the_same_instant_one_of_them_has_it(system: System) -> None:
    _, id = await opened(system)

    async def ben_acknowledges() -> verbs.Done:
        async with system.node.database.transaction(Pool.ACKS) as tx:
            return await verbs.acknowledge(tx, id, by=BEN, owner_id=None, now=system.clock.at)

    async with system.node.database.transaction(Pool.ACKS) as tx:
        first = await verbs.acknowledge(tx, id, by=ANA, owner_id=None, now=system.clock.at)
        second = asyncio.create_task(ben_acknowledges())
        await blocked(system)
    assert (first.changed, (await second).changed) == (True, False)
    assert (await second).incident.acknowledged_by == ANA


async def test_what_is_resolved_cannot_be_acknowledged_and_says_so(system: System) -> None:
    _, id = await opened(system)
    await system.api.post(f"/api/v1/incidents/{id}/resolve")
    answer = await system.api.post(f"/api/v1/incidents/{id}/acknowledge")
    assert (answer.status_code, answer.json()["status"], answer.json()["acknowledged_by"]) == (200, "resolved", None)


async def test_resolving_by_hand_resolves_its_alerts(system: System) -> None:
    _, id = await opened(system)
    answer = await system.api.post(f"/api/v1/incidents/{id}/resolve")
    assert answer.json()["alert_counts"] == {"open": 0, "resolved": 1}


# --- acknowledging and escalating at the same instant -----------------------------------------------------------------------


async def test_an_acknowledgement_that_comes_while_a_step_fires_cancels_that_step_too(system: System) -> None:
    _, id = await opened(system)
    await system.run_due()
    system.pages()
    system.clock.advance(5 * MINUTE)
    [incidents, *_] = system.node.sources
    rows_of = incidents._rows  # type: ignore[attr-defined]
    async with system.node.database.transaction(Pool.ENGINE) as tx:
        due = await rows_of.claim(tx, due_by=system.clock.at, limit=10, waiting=False)
        await rows_of.run(tx, due, now=system.clock.at)
        acknowledging = asyncio.create_task(system.api.post(f"/api/v1/incidents/{id}/acknowledge"))
        await blocked(system)
    answer = await acknowledging
    assert (answer.status_code, answer.json()["status"], answer.json()["cancelled_pages"]) == (200, "acknowledged", 1)
    await system.run_due()
    assert system.pages() == [], "Ben's message was cancelled before anybody claimed it"
    assert (await incident_of(system, id)).position == Position(1, 1, 2), "the step did fire, and the timeline says so"


@pytest.mark.parametrize("late", [1, 10], ids=["skipped", "waited for"])
async def test_a_step_that_comes_while_somebody_acknowledges_does_not_fire(system: System, late: int) -> None:
    _, id = await opened(system)
    await system.run_due()
    system.pages()
    system.clock.advance(5 * MINUTE + late * MINUTE / 60)
    [incidents, *_] = system.node.sources
    async with system.node.database.transaction(Pool.ACKS) as tx:
        await verbs.acknowledge(tx, id, by=ANA, owner_id=None, now=system.clock.at)
        engine = asyncio.create_task(incidents.run())
        if late > 2:
            await blocked(system)
        else:
            await engine
    assert (await engine).handled == 0
    await system.run_due()
    assert system.pages() == []


# --- over REST --------------------------------------------------------------------------------------------------------------


async def test_an_incident_is_found_by_id_and_by_number_and_nothing_else_is(system: System) -> None:
    _, id = await opened(system)
    by_id = (await system.api.get(f"/api/v1/incidents/{id}")).json()
    assert (await system.api.get(f"/api/v1/incidents/{by_id['number']}")).json() == by_id
    in_other_digits = str(by_id["number"]).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    for other in (new_id(), by_id["number"] + 1, "0", "-1", in_other_digits, "9" * 19, "nonsense", f"{id}x"):
        assert (await system.api.get(f"/api/v1/incidents/{other}")).status_code == 404, other


async def test_incidents_are_listed_newest_first_page_by_page_and_filtered(system: System) -> None:
    monitor, _ = await opened(system)
    await monitor.says(monitor.event("b"), monitor.event("c"))
    await monitor.says(monitor.event("b", "resolve"))

    async def keys(**query: object) -> list[str]:
        items = (await system.api.get("/api/v1/incidents", params=query)).json()["items"]
        return [key for item in items for key in item["dedup_keys"]]

    assert await keys() == ["c", "b", "disk"]
    assert await keys(status="resolved") == ["b"]
    assert await keys(status=["triggered", "acknowledged"]) == ["c", "disk"]
    assert await keys(escalation_state="stopped") == ["b"]
    assert await keys(dedup_key="disk") == ["disk"]
    assert await keys(service_id=str(monitor.service_id)) == ["c", "b", "disk"]
    assert await keys(service_id=str(UUID(int=1))) == []
    first = (await system.api.get("/api/v1/incidents", params={"limit": 2})).json()
    rest = (await system.api.get("/api/v1/incidents", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [len(first["items"]), len(rest["items"]), rest["next_cursor"]] == [2, 1, None]


async def test_only_an_admins_key_acts_on_behalf_of_somebody_else(system: System) -> None:
    _, id = await opened(system)
    ana, ben = (await system.api.get("/api/v1/users")).json()["items"]
    key = (await system.make("api-keys", name="laptop", scope="respond", user_id=ana["id"]))["key"]
    laptop = system.client({"Authorization": f"Bearer {key}"})
    path = f"/api/v1/incidents/{id}/acknowledge"
    assert (await laptop.post(path, json={"user_id": ben["id"]})).status_code == 403
    assert (await system.api.post(path, json={"user_id": str(new_id())})).status_code == 422
    answer = await laptop.post(path)
    assert (answer.json()["acknowledged_by"]["name"], answer.json()["owner"]["name"]) == ("Ana", "Ana")


async def test_what_people_see_of_an_incident_follows_the_contract(system: System) -> None:
    _, id = await opened(system)
    await system.run_due()
    seen = await system.incident(str(id))
    assert seen["pending_actions"] == [{"action": "escalate", "at": "2026-03-02T12:05:00Z"}]
    assert (seen["escalation"]["state"], seen["escalation"]["until"]) == ("running", None)
    assert seen["service"] == {"id": seen["service"]["id"], "name": "payments-api"}
    [message] = (await system.api.get(f"/api/v1/incidents/{id}/notifications")).json()["items"]
    assert (message["user"]["name"], message["channel"], message["address"], message["status"]) == (
        "Ana",
        "email",
        "a…@example.com",
        "sent",
    )
    assert message["attempts"] == [{"at": "2026-03-02T12:00:00Z", "outcome": "sent", "detail": "accepted by the fake"}]
    entries = (await system.api.get(f"/api/v1/incidents/{id}/timeline")).json()["items"]
    assert [entry["kind"] for entry in entries] == ["opened", "step_fired", "paged", "sent"]
    assert [entry["detail"].get("step") for entry in entries] == [None, 0, 0, 0]
    await system.advance(minutes=5)
    assert (await system.incident(str(id)))["escalation"]["level"] == 1, "past the last step the next round begins with the first"
