"""Incidents that are logged by a template: what is said counts, what is not said the template says, and what is to be done is there."""

from datetime import timedelta
from typing import Any

import pytest
from tests.incidents.acting import people, responder
from tests.incidents.building import NOW, SERVICE, monitored
from tests.system import System

from oncall.desk.values import BusinessUrgency, CategoryId, Grading, Impact
from oncall.desk.values.roles import Role
from oncall.desk.values.templates import Planned, Template, TemplateId
from oncall.incidents.rules.templating import filled, to_do
from oncall.incidents.values.filing import Logged
from oncall.kit.ids import new_id

JSON = dict[str, Any]
CATEGORY, OTHER = CategoryId(new_id()), CategoryId(new_id())


def template(**changes: Any) -> Template:
    made: JSON = {
        "id": TemplateId(new_id()),
        "name": "Outage",
        "title": "Outage of {service}: {title}",
        "description": "Nobody can pay.",
        "category_id": CATEGORY,
        "grading": Grading(Impact.LARGE, BusinessUrgency.HIGH),
        "tasks": (Planned("Call the bank", "+49 …", timedelta(minutes=15)), Planned("Look at the queue")),
        "roles": (Role.COMMUNICATIONS,),
        "first_update": "",
        "created_at": NOW,
    }
    return Template(**made | changes)


@pytest.mark.parametrize(
    ("what", "pattern", "said", "title"),
    [
        ("a pattern stands around what is said", "Outage of {service}: {title}", "500s", "Outage of shop: 500s"),
        ("what is said counts, where the pattern has no place for it", "Outage of {service}", "500s", "500s"),
        ("what is not said the pattern says", "Outage of {service}", "", "Outage of shop"),
        ("a template without one is called by its name", "", "", "Outage"),
        ("other braces are only braces", "{0} {service.name} {title}", "500s", "{0} {service.name} 500s"),
        ("no title is too long", "x" * 500 + "{title}", "y" * 1000, "x" * 500 + "y" * 524),
    ],
)
def test_titles(what: str, pattern: str, said: str, title: str) -> None:
    assert filled(template(title=pattern), Logged(said, SERVICE), service="shop").title == title


def test_what_is_said_counts_and_the_rest_the_template_says() -> None:
    said = Logged("500s", SERVICE, description="Cards fail.", grading=Grading(impact=Impact.MINOR, affected_users=7))
    after = filled(template(), said, service="shop")
    assert (after.description, after.category_id) == ("Cards fail.", CATEGORY)
    assert after.grading == Grading(Impact.MINOR, BusinessUrgency.HIGH, affected_users=7)
    assert filled(template(), Logged("x", SERVICE, category_id=OTHER), service="shop").category_id == OTHER


def test_what_is_to_be_told_first_is_the_first_task() -> None:
    made = to_do(template(first_update="We are looking at it."), now=NOW)
    assert [(one.title, one.due_at) for one in made] == [
        ("Send the first status update", None),
        ("Call the bank", NOW + timedelta(minutes=15)),
        ("Look at the queue", None),
    ]
    assert made[0].description == "We are looking at it."


async def test_logged_by_a_template(system: System) -> None:
    monitor = await monitored(system)
    made = await system.make(
        "incident-templates",
        name="Outage",
        title="Outage of {service}",
        impact="large",
        business_urgency="high",
        tasks=[{"title": "Call the bank", "due_in": "PT15M"}],
        roles=["communications", "communications"],
        first_update="We are looking at it.",
    )
    shown = await system.make("incidents", service_id=f"{monitor.service_id}", template_id=made["id"])
    assert (shown["title"], shown["impact"], shown["owed"]) == ("Outage of payments-api", "large", ["communications"])
    tasks = (await system.api.get(f"/api/v1/incidents/{shown['id']}/tasks")).json()["items"]
    assert [(one["title"], one["due_at"]) for one in tasks] == [
        ("Send the first status update", None),
        ("Call the bank", "2026-03-02T12:15:00Z"),
    ]
    await system.run_due()
    assert system.pages() == ["Ana"], "it pages like any other"
    ana = await responder(system, "Ana")
    put = await ana.client.put(f"/api/v1/incidents/{shown['id']}/roles/communications", json={"user_id": (await people(system))["Ben"]})
    assert put.status_code == 200
    assert (await system.incident(shown["id"]))["owed"] == []


async def test_a_title_or_a_template_is_obligatory(system: System) -> None:
    monitor = await monitored(system)
    nothing = await system.api.post("/api/v1/incidents", json={"service_id": f"{monitor.service_id}"})
    assert nothing.status_code == 422
    unknown = await system.api.post("/api/v1/incidents", json={"service_id": f"{monitor.service_id}", "template_id": f"{new_id()}"})
    assert (unknown.status_code, unknown.json()["errors"][0]["loc"]) == (422, "body.template_id")


async def test_templates_are_edited_by_their_version_and_have_names_of_their_own(system: System) -> None:
    made = await system.make("incident-templates", name="Outage")
    path = f"/api/v1/incident-templates/{made['id']}"
    read = await system.api.get(path)
    assert read.json() == made
    edit = read.json() | {"title": "Outage of {service}"}
    assert (await system.api.put(path, json=edit)).status_code == 428
    assert (await system.api.put(path, json=edit, headers={"If-Match": read.headers["ETag"]})).json()["title"] == "Outage of {service}"
    assert (await system.api.put(path, json=edit, headers={"If-Match": read.headers["ETag"]})).status_code == 412
    again = await system.api.post("/api/v1/incident-templates", json={"name": "OUTAGE"})
    assert (again.status_code, again.json()["code"]) == (409, "name_taken")
    unknown = await system.api.post("/api/v1/incident-templates", json={"name": "Other", "category_id": f"{new_id()}"})
    assert (unknown.status_code, unknown.json()["errors"][0]["loc"]) == (422, "body.category_id")
    assert (await system.api.delete(path)).status_code == 204
    assert (await system.api.get(path)).status_code == 404


async def test_only_an_admin_makes_templates(system: System) -> None:
    await system.user("Ana")
    ana = await responder(system, "Ana")
    assert (await ana.client.post("/api/v1/incident-templates", json={"name": "Mine"})).status_code == 403
    assert (await ana.client.get("/api/v1/incident-templates")).json()["items"] == []
