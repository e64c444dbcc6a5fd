"""The story of `docs/tutorial/service-desk.md`: a reported slow web server, from the call to the desk to its verified closure."""

from typing import Any

from tests.incidents.acting import responder
from tests.system import System, to

JSON = dict[str, Any]
TARGETS = {"P2": {"acknowledge": "PT20M", "resolve": "PT4H"}}


async def test_a_service_desk_takes_a_slow_web_server_from_a_call_to_its_closure(system: System) -> None:
    ana, ben, cleo, mia = [await system.user(name) for name in ("Ana", "Ben", "Cleo", "Mia")]
    await system.make("users", name="Dora", email="dora@example.com", time_zone="UTC", org_roles=["service_desk"])
    network = (await system.make("categories", name="Network"))["id"]
    database = (await system.make("categories", name="Database"))["id"]
    managers = await system.make("escalation-policies", name="Managers", steps=[{"delay": "PT30M", "targets": [to(mia)]}])
    sla = await system.make("slas", name="Standard", targets=TARGETS, manager_policy_id=managers["id"])
    steps = [{"delay": "PT10M", "targets": [to(ana)]}, {"delay": "PT30M", "targets": [to(ben)]}]
    policy = await system.make("escalation-policies", name="Web", steps=steps)
    service = await system.make(
        "services", name="web", escalation_policy_id=policy["id"], process="itil", sla_id=sla["id"], ack_timeout="PT2H"
    )
    dora, bens, cleos = [await responder(system, name) for name in ("Dora", "Ben", "Cleo")]

    # Kim calls, and Dora logs it.
    answer = await dora.client.post(
        "/api/v1/incidents",
        json={
            "title": "The web shop is very slow",
            "service_id": service["id"],
            "description": "Pages take 20 seconds since 11:40.",
            "reporter": {"name": "Kim", "kind": "customer", "contact": "+351 21 000 0000"},
            "noticed_at": "2026-03-02T11:40:00Z",
            "category_id": network,
            "impact": "large",
            "business_urgency": "high",
            "affected_users": 800,
        },
    )
    assert answer.status_code == 201, answer.text
    id = answer.json()["id"]
    assert (answer.json()["priority"], answer.json()["sla"]["acknowledge_by"]) == ("P2", "2026-03-02T12:20:00Z")
    await system.run_due()
    assert system.pages() == ["Ana"]

    # The first in line sleeps: the next step, and with three quarters of the promised time gone, the manager.
    await system.advance(minutes=10)
    assert system.pages() == ["Ben"]
    await system.advance(minutes=5)
    assert system.pages() == ["Mia"]
    assert (await system.incident(id))["sla"]["at_risk"] == ["acknowledge"]
    queue = (await system.api.get("/api/v1/incidents", params={"order": "rank"})).json()["items"]
    assert queue[0]["rank"]["reasons"] == [
        "P2",
        "by its SLA somebody is to acknowledge it in 5 min",
        "800 users affected",
        "open for 15 min",
    ]

    # Ben takes it, finds that it is the database, and hands it on with what he found.
    await bens.does(id, "acknowledge")
    note = await bens.client.post(f"/api/v1/incidents/{id}/notes", json={"text": "Web servers idle; the database waits for its disk."})
    assert note.status_code == 201, note.text
    handed = await bens.does(id, "reassign", user_id=cleo["id"], reason="it is the database")
    assert handed["status"] == "triggered"
    assert system.pages() == ["Cleo"]
    await cleos.does(id, "acknowledge")
    await system.advance(minutes=20)

    # Cleo mends it; only the desk may close it, and only once Kim has spoken.
    await cleos.does(id, "resolve", resolution_code="fixed", resolution_text="Moved the database to a faster disk.")
    status, code, _ = await cleos.is_refused(id, "close")
    assert (status, code) == (403, "not_the_desk")
    refused = await dora.asks(id, "close")
    assert (refused.status_code, [fault["loc"] for fault in refused.json()["errors"]]) == (422, ["body.verification"])
    await cleos.does(id, "verify", verdict="satisfied", text="Kim says on the telephone that it is fast again.")
    closed = await dora.does(id, "close", category_id=database)
    assert (closed["status"], closed["category_id"], closed["logged_category_id"]) == ("closed", database, network)

    told = [line.partition(":")[0] for line in await system.reasons(id)]
    assert told[0] == "opened"
    in_order = [
        "step_fired",
        "sla_at_risk",
        "acknowledged",
        "note_added",
        "reassigned",
        "resolved",
        "resolution_recorded",
        "verified",
        "closed",
    ]
    places = [told.index(kind) for kind in in_order]
    assert places == sorted(places)
    assert system.pages() == []
