"""Grading, resolving, verifying and closing: by `sre` anybody who responds, by `itil` the service desk, once the record is complete."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from tests.incidents.acting import Responder, responder
from tests.incidents.test_logging import on_duty
from tests.system import System

from oncall.kit.db import Pool
from oncall.kit.ids import new_id

JSON = dict[str, Any]
REPORTER = {"name": "Kim", "kind": "customer", "contact": "kim@customer.example"}


async def desk(system: System) -> Responder:
    """Dora of the service desk."""
    await system.make("users", name="Dora", email="dora@example.com", time_zone="UTC", org_roles=["service_desk"])
    return await responder(system, "Dora")


async def category(system: System, name: str = "Network") -> str:
    id = f"{new_id()}"
    async with system.node.database.transaction(Pool.API) as tx:
        add = text("INSERT INTO categories (id, name, created_at) VALUES (:id, :name, '2026-03-01T00:00:00Z')")
        await tx.execute(add, {"id": id, "name": name})
    return id


async def reported(system: System, **service: Any) -> tuple[Responder, Responder, str]:
    """Kim's incident under `itil`; Ana has it, Dora is of the desk."""
    its = await on_duty(system, process="itil", **service)
    logged = await system.make(
        "incidents", title="The shop is slow", service_id=its["id"], reporter=REPORTER, category_id=await category(system)
    )
    ana, dora = await responder(system, "Ana"), await desk(system)
    await ana.does(logged["id"], "acknowledge")
    return ana, dora, logged["id"]


async def test_a_priority_by_hand_needs_a_reason_and_pages_at_once(system: System) -> None:
    service = await on_duty(system, urgency="low")
    made = await system.make("incidents", title="Slow", service_id=service["id"])
    await system.run_due()
    ana = await responder(system, "Ana")
    status, code, sentence = await ana.is_refused(made["id"], "priority", priority="P1")
    assert (status, code) == (422, "invalid")
    assert sentence.startswith("Say why it has this priority")
    done = await ana.does(made["id"], "priority", priority="P1", reason="the press calls")
    assert (done["changed"], done["priority"], done["urgency"], done["is_major"]) == (True, "P1", "high", True)
    assert "priority_changed: no priority → P1: set by Ana: the press calls" in await system.reasons(made["id"])
    again = await ana.does(made["id"], "priority", priority="P1", reason="the press calls")
    assert again["changed"] is False


async def test_by_what_is_said_of_it_the_matrix_gives_it_another(system: System) -> None:
    service = await on_duty(system)
    made = await system.make("incidents", title="Slow", service_id=service["id"], impact="minor")
    ana = await responder(system, "Ana")
    assert (await ana.does(made["id"], "priority", business_urgency="critical"))["priority"] == "P3"
    lifted = await ana.does(made["id"], "priority", risks=["security", "security"])
    assert (lifted["priority"], lifted["risks"]) == ("P2", ["security"])
    assert lifted["priority_reason"] == "impact minor and business urgency critical make P3; risk (security) lifts it to P2"
    assert (await ana.does(made["id"], "priority", impact=None))["priority"] is None


async def test_under_sre_whoever_responds_closes_it_and_else_time_does(system: System) -> None:
    service = await on_duty(system)
    ana = None
    for closes in (True, False):
        made = await system.make("incidents", title="Slow", service_id=service["id"])
        ana = ana or await responder(system, "Ana")
        status, code, sentence = await ana.is_refused(made["id"], "close")
        assert (status, code) == (409, "wrong_state")
        assert sentence.endswith("is triggered and cannot be closed; what can be done with it: acknowledge, resolve.")
        done = await ana.does(made["id"], "resolve", resolution_code="fixed", resolution_text="Restarted it.")
        assert (done["status"], done["closure"], done["resolution_code"]) == ("resolved", None, "fixed")
        if closes:
            assert (await ana.does(made["id"], "close"))["status"] == "closed"
        else:
            await system.advance(minutes=16)
        assert (await system.incident(made["id"]))["status"] == "closed"
        assert (await ana.does(made["id"], "close"))["changed"] is False


async def test_a_time_of_watching_keeps_it_from_being_closed(system: System) -> None:
    service = await on_duty(system)
    made = await system.make("incidents", title="Slow", service_id=service["id"])
    ana = await responder(system, "Ana")
    done = await ana.does(made["id"], "resolve", resolution_text="Restarted it.", monitoring="PT2H")
    assert (done["monitoring_until"], done["pending_actions"]) == (
        "2026-03-02T14:00:00Z",
        [{"action": "close", "at": "2026-03-02T14:00:00Z"}],
    )
    await system.advance(minutes=60)
    assert (await system.incident(made["id"]))["status"] == "resolved"


async def test_watching_may_be_said_later_and_lengthens_the_time_in_which_it_is_reopened(system: System) -> None:
    service = await on_duty(system)
    made = await system.make("incidents", title="Slow", service_id=service["id"])
    ana = await responder(system, "Ana")
    await ana.does(made["id"], "resolve")
    await system.advance(minutes=10)
    done = await ana.does(made["id"], "resolve", monitoring="PT2H")
    assert done["pending_actions"] == [{"action": "close", "at": "2026-03-02T14:10:00Z"}], "from when it was said on"
    shorter = await ana.does(made["id"], "resolve", monitoring="PT1H")
    assert shorter["pending_actions"] == done["pending_actions"], "nothing shortens it"
    await system.advance(minutes=119)
    assert (await system.incident(made["id"]))["status"] == "resolved"
    await system.advance(minutes=2)
    assert (await system.incident(made["id"]))["status"] == "closed"


async def test_under_itil_an_objection_within_the_time_of_watching_reopens_it(system: System) -> None:
    ana, _, id = await reported(system)
    await ana.does(id, "resolve")
    await ana.does(id, "resolve", monitoring="PT2H")
    await system.advance(minutes=110)
    said = await ana.does(id, "verify", verdict="not_satisfied", text="slow again")
    assert (said["id"], said["status"], said["pending_actions"] != []) == (id, "triggered", True)


async def test_a_no_stands_but_whoever_leads_it_may_record_what_they_say_now(system: System) -> None:
    ana, _, id = await reported(system)
    await ana.does(id, "resolve")
    await system.advance(minutes=30)
    await ana.does(id, "verify", verdict="not_satisfied")
    assert (await ana.does(id, "verify", verdict="not_satisfied"))["changed"] is False
    said = await ana.does(id, "verify", verdict="satisfied", text="it was their own network")
    assert (said["changed"], said["closure"]) == (True, "awaiting_desk")


async def test_under_itil_a_responder_resolves_and_the_desk_closes_what_is_complete(system: System) -> None:
    ana, dora, id = await reported(system)
    done = await ana.does(id, "resolve")
    assert (done["status"], done["closure"], done["pending_actions"]) == ("resolved", "awaiting_reporter", [])
    status, code, sentence = await ana.is_refused(id, "close")
    assert (status, code) == (403, "not_the_desk")
    assert "Ana has not the org role `service_desk`" in sentence
    assert "Say how it was resolved, in a code" in sentence
    answer = await dora.asks(id, "close")
    assert (answer.status_code, answer.json()["code"]) == (422, "incomplete")
    assert [fault["loc"] for fault in answer.json()["errors"]] == ["body.resolution_code", "body.resolution_text", "body.verification"]
    await ana.does(id, "resolve", resolution_code="fixed", resolution_text="More memory.")
    advice = (await ana.is_refused(id, "close"))[2].partition("What you can do for them: ")[2]
    assert advice.startswith("Record what the reporter says of it (`…/verify`)"), "what she has done already is not advised again"
    said = await ana.does(id, "verify", verdict="satisfied", text="fast again")
    assert (said["closure"], said["verification"]["verdict"]) == ("awaiting_desk", "satisfied")
    assert (await ana.is_refused(id, "close"))[2].endswith("Its record is complete: it waits for one of them.")
    other = await category(system, "Memory")
    closed = await dora.does(id, "close", category_id=other)
    assert (closed["status"], closed["closure"], closed["category_id"]) == ("closed", None, other)
    assert closed["logged_category_id"] not in {None, other}, "the difference is kept"
    await system.advance(minutes=60)
    status, code, _ = await dora.is_refused(id, "priority", impact="large")
    assert (status, code) == (409, "wrong_state")


async def test_what_is_that_far_already_is_no_error_and_says_where_it_stands(system: System) -> None:
    """Whoever comes too late with an acknowledgement, by a link or at the same moment as another, has done nothing wrong."""
    service = await on_duty(system)
    made = await system.make("incidents", title="Slow", service_id=service["id"])
    ana = await responder(system, "Ana")
    status, code, _ = await ana.is_refused(made["id"], "close")
    assert (status, code) == (409, "wrong_state")
    await ana.does(made["id"], "resolve")
    late = await ana.does(made["id"], "acknowledge")
    assert (late["changed"], late["status"]) == (False, "resolved")
    await ana.does(made["id"], "close")
    for verb in ("acknowledge", "resolve", "close"):
        late = await ana.does(made["id"], verb)
        assert (late["changed"], late["status"], late["acknowledged_by"]) == (False, "closed", None)
    for verb in ("reopen", "verify"):
        answer = await ana.asks(made["id"], verb, **({"verdict": "satisfied"} if verb == "verify" else {}))
        assert (answer.status_code, answer.json()["incident_status"], answer.json()["allowed"]) == (409, "closed", []), verb


async def test_time_alone_closes_nothing_that_is_filed_by_itil(system: System) -> None:
    ana, _, id = await reported(system)
    await ana.does(id, "resolve")
    await system.advance(minutes=120)
    assert (await system.incident(id))["status"] == "resolved"


async def test_an_early_objection_reopens_it_and_a_late_one_opens_another(system: System) -> None:
    ana, dora, id = await reported(system)
    await ana.does(id, "resolve")
    early = await ana.does(id, "verify", verdict="not_satisfied", text="still slow")
    assert (early["id"], early["status"], early["closure"]) == (id, "triggered", None)
    assert any(reason.endswith("the reporter is not satisfied: still slow") for reason in await system.reasons(id))
    await ana.does(id, "resolve")
    await system.advance(minutes=30)
    late = await ana.does(id, "verify", verdict="not_satisfied", text="slow again")
    assert (late["follows_id"], late["status"], late["reporter"]["name"]) == (id, "triggered", "Kim")
    assert late["description"].endswith("slow again")
    before = await system.incident(id)
    assert (before["status"], before["closure"]) == ("resolved", "not_satisfied")
    status, code, sentence = await dora.is_refused(id, "close", resolution_code="fixed", resolution_text="More memory.")
    assert (status, code) == (409, "wrong_state")
    assert sentence.startswith("The reporter is not satisfied")


async def test_only_the_desk_waives_the_reporters_word_and_says_why(system: System) -> None:
    ana, dora, id = await reported(system)
    await ana.does(id, "resolve", resolution_code="fixed", resolution_text="More memory.")
    assert (await ana.is_refused(id, "verify", verdict="waived", text="on holiday"))[:2] == (403, "not_the_desk")
    assert "record what they say" in (await ana.is_refused(id, "verify", verdict="waived", text="on holiday"))[2]
    assert (await dora.is_refused(id, "verify", verdict="waived"))[2] == "Say why the reporter was not asked."
    await dora.does(id, "verify", verdict="waived", text="on holiday")
    assert (await dora.does(id, "close"))["status"] == "closed"


async def test_what_waits_for_whom_can_be_asked(system: System) -> None:
    ana, _, id = await reported(system)

    async def waiting(closure: str) -> list[str]:
        found = (await system.api.get("/api/v1/incidents", params={"closure": closure})).json()["items"]
        assert all(one["closure"] == closure for one in found)
        return [one["id"] for one in found]

    assert await waiting("awaiting_reporter") == []
    await ana.does(id, "resolve")
    assert (await waiting("awaiting_reporter"), await waiting("awaiting_desk")) == ([id], [])
    await ana.does(id, "verify", verdict="satisfied")
    assert (await waiting("awaiting_reporter"), await waiting("awaiting_desk")) == ([], [id])


@pytest.mark.parametrize(
    ("verb", "body"),
    [("verify", {"verdict": "satisfied"}), ("close", {})],
    ids=lambda x: x if isinstance(x, str) else "",
)
async def test_what_is_open_is_neither_verified_nor_closed(system: System, verb: str, body: JSON) -> None:
    ana, _, id = await reported(system)
    answer = await ana.asks(id, verb, **body)
    assert (answer.status_code, answer.json()["status"], answer.json()["incident_status"]) == (409, 409, "acknowledged")
    assert answer.json()["allowed"] == ["unacknowledge", "resolve"]


async def silent(system: System, **service: Any) -> str:
    """Resolved by Ana on a Monday, with everything that the desk asks for but Kim's word."""
    ana, _, id = await reported(system, **service)
    await ana.does(id, "resolve", resolution_code="fixed", resolution_text="More memory.")
    return id


async def test_what_nobody_objects_to_for_so_many_working_days_is_closed_where_its_service_allows_it(system: System) -> None:
    id = await silent(system, auto_close_days=2)
    await system.advance(step=timedelta(hours=6), days=2)
    assert (await system.incident(id))["status"] == "resolved", "the second working day, a Wednesday, is not over yet"
    await system.advance(step=timedelta(hours=6), hours=12)
    shown = await system.incident(id)
    assert (shown["status"], shown["closure"]) == ("closed", None)
    assert (await system.reasons(id))[-1] == "closed: nobody objected for 2 working days"


@pytest.mark.parametrize("why", ["it is P1", "nobody said how it was resolved", "the reporter objected", "its service allows it not"])
async def test_it_is_not_closed_by_itself_where(system: System, why: str) -> None:
    days = None if why == "its service allows it not" else 1
    ana, _, id = await reported(system, auto_close_days=days)
    if why == "it is P1":
        await ana.does(id, "priority", priority="P1", reason="the press calls")
    said = {} if why == "nobody said how it was resolved" else {"resolution_code": "fixed", "resolution_text": "More memory."}
    await ana.does(id, "resolve", **said)
    if why == "the reporter objected":
        await system.advance(minutes=30)
        await ana.does(id, "verify", verdict="not_satisfied")
    await system.advance(step=timedelta(hours=6), days=4)
    assert (await system.incident(id))["status"] == "resolved"
