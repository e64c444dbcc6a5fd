"""Updates are told, seen, previewed and retracted; templates and the cadence are edited."""

from typing import Any

import pytest
from tests.communications.telling import Telling

NOBODY = "01960000-0000-7000-8000-000000000009"
TEMPLATE = {"name": "First", "audience": "internal", "state": "investigating", "text": "We look into {{service}} (#{{number}})."}


async def test_an_internal_update_is_in_the_timeline_and_in_no_feed(telling: Telling) -> None:
    made = await telling.tell("We **look**.\n\nMore soon.")
    assert (made["audience"], made["state"], made["published"]) == ("internal", "investigating", None)
    assert made["html"] == "<p>We <strong>look</strong>.</p>\n<p>More soon.</p>\n"
    [told] = [line for line in await telling.system.reasons(telling.incident_id) if line.startswith("status_update")]
    assert told == "status_update: internal status update by environment admin key, investigating: We **look**. More soon."
    listed = await telling.updates()
    assert [one["id"] for one in listed["items"]] == [made["id"]]
    assert listed["published"] is None


async def test_a_public_one_keeps_title_state_and_services_until_others_are_said(telling: Telling) -> None:
    await telling.publish("We look.")
    second = await telling.publish("Still.", title=None, state="identified")
    assert second["published"]["title"] == "Checkout is slow"
    assert second["published"]["service_ids"] == [telling.service["id"]]
    third = await telling.publish("A new name.", title="Checkout was slow")
    assert (third["published"]["title"], third["state"]) == ("Checkout was slow", "identified")
    assert third["published"]["id"] == second["published"]["id"]


@pytest.mark.parametrize(
    ("what", "said", "status", "field"),
    [
        ("nothing", {}, 422, "text"),
        ("only what no document holds", {"text": "\x01\x02"}, 422, "text"),
        ("no title", {"text": "x", "audience": "public"}, 422, "title"),
        ("a title inside", {"text": "x", "title": "T"}, 422, "title"),
        ("services inside", {"text": "x", "service_ids": [NOBODY]}, 422, "service_ids"),
        ("no such service", {"text": "x", "audience": "public", "title": "T", "service_ids": [NOBODY]}, 422, "service_ids"),
        ("too long", {"text": "x" * 10_001}, 422, "text"),
        ("too long a title", {"text": "x", "audience": "public", "title": "x" * 201}, 422, "title"),
        ("no such state", {"text": "x", "state": "exploded"}, 422, "state"),
        ("too soon", {"text": "x", "next_update_in": "PT1M"}, 422, "next_update_in"),
        ("no such field", {"text": "x", "html": "<b>"}, 422, "html"),
        ("no such template", {"template_id": NOBODY}, 404, ""),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
async def test_what_is_refused_changes_nothing(telling: Telling, what: str, said: dict[str, Any], status: int, field: str) -> None:
    for verb in ("", "/preview"):
        answer = await telling.post(verb=verb, **said)
        assert answer.status_code == status, answer.text
        assert field in str(answer.json().get("errors", ""))
    assert (await telling.updates())["items"] == []


async def test_an_incident_that_was_merged_says_where_to_tell(telling: Telling) -> None:
    other = await telling.system.event(telling.key, "other", summary="another")
    api = telling.system.api
    merged = await api.post(f"/api/v1/incidents/{telling.incident_id}/merge", json={"incidents": [other["incident_id"]]})
    assert merged.status_code == 200, merged.text
    answer = await telling.post(incident=other["incident_id"], text="x")
    assert (answer.status_code, answer.json()["code"]) == (409, "merged")
    assert f"#{merged.json()['number']}" in answer.json()["detail"]


async def test_a_preview_says_what_would_be_told_and_tells_nothing(telling: Telling) -> None:
    template = await telling.system.make("status-update-templates", **TEMPLATE)
    answer = await telling.post(verb="/preview", template_id=template["id"])
    assert answer.status_code == 200, answer.text
    number = (await telling.system.incident(telling.incident_id))["number"]
    assert answer.json()["text"] == f"We look into payments-api (#{number})."
    assert (await telling.updates())["items"] == []


async def test_what_was_retracted_is_seen_inside_and_nowhere_else(telling: Telling) -> None:
    await telling.feed()
    first = await telling.publish("It is the fault of Bob.")
    path = f"/api/v1/incidents/{telling.incident_id}/status-updates/{first['id']}/retract"
    for _ in range(2):
        answer = await telling.system.api.post(path)
        assert (answer.status_code, answer.json()["text"]) == (200, "It is the fault of Bob.")
    assert (await telling.seen())["incidents"] == []
    assert (await telling.seen())["state"] == "operational"
    [listed] = (await telling.updates())["items"]
    assert listed["retracted_at"] is not None
    retracted = [line for line in await telling.system.reasons(telling.incident_id) if line.startswith("update_retracted")]
    assert len(retracted) == 1, "a second time is no error, and nothing new"
    missing = await telling.system.api.post(path.replace(first["id"], NOBODY))
    assert missing.status_code == 404


async def test_once_the_last_is_retracted_the_one_before_counts(telling: Telling) -> None:
    await telling.feed()
    await telling.publish("We look.")
    last = await telling.publish("Found.", state="identified")
    await telling.system.api.post(f"/api/v1/incidents/{telling.incident_id}/status-updates/{last['id']}/retract")
    [shown] = (await telling.seen())["incidents"]
    assert (shown["state"], [update["text"] for update in shown["updates"]]) == ("investigating", ["We look."])


async def test_whoever_has_it_and_tells_of_it_is_still_on_it(telling: Telling) -> None:
    """Their acknowledgement time-out (PT30M) begins anew; a word by somebody else changes nothing of it."""
    system = telling.system
    ben = await system.user("Ben")
    keys = [await system.make("api-keys", name="k", scope="respond", user_id=user["id"]) for user in (telling.ana, ben)]
    path = f"/api/v1/incidents/{telling.incident_id}"
    async with (
        system.client({"Authorization": f"Bearer {keys[0]['key']}"}) as ana,
        system.client({"Authorization": f"Bearer {keys[1]['key']}"}) as other,
    ):
        assert (await ana.post(f"{path}/acknowledge")).status_code == 200
        await system.advance(minutes=20)
        assert (await ana.post(f"{path}/status-updates", json={"text": "Still looking."})).status_code == 201
        await system.advance(minutes=20)
        assert (await system.incident(telling.incident_id))["status"] == "acknowledged"
        assert (await other.post(f"{path}/status-updates", json={"text": "I heard of it."})).status_code == 201
        await system.advance(minutes=11)
        assert (await system.incident(telling.incident_id))["status"] == "triggered"


async def test_programs_are_told_that_there_is_an_update(telling: Telling) -> None:
    hook = {"name": "h", "url": "https://hooks.example.com/x", "event_types": ["incident.status_updated"]}
    made = await telling.system.make("webhooks", **hook)
    await telling.tell("We look.")
    log = await telling.system.api.get(f"/api/v1/webhooks/{made['id']}/deliveries")
    assert [one["type"] for one in log.json()["items"]] == ["incident.status_updated"]


async def test_who_may_tell(telling: Telling) -> None:
    reader = await telling.system.make("api-keys", name="r", scope="read")
    async with telling.system.client({"Authorization": f"Bearer {reader['key']}"}) as api:
        path = f"/api/v1/incidents/{telling.incident_id}/status-updates"
        assert (await api.get(path)).status_code == 200
        assert (await api.post(path, json={"text": "x"})).status_code == 403
        assert (await api.post(f"{path}/preview", json={"text": "x"})).status_code == 403
        assert (await api.post(f"/api/v1/incidents/{telling.incident_id}/subscribers", json={})).status_code == 403


async def test_updates_are_paged(telling: Telling) -> None:
    made = [(await telling.tell(f"word {n}"))["id"] for n in range(5)]
    path = f"/api/v1/incidents/{telling.incident_id}/status-updates"
    first = (await telling.system.api.get(path, params={"limit": 3})).json()
    rest = (await telling.system.api.get(path, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None


# --- templates --------------------------------------------------------------------------------------------------------------


async def test_a_template_is_edited_as_it_was_read(telling: Telling) -> None:
    api, path = telling.system.api, "/api/v1/status-update-templates"
    made = await telling.system.make("status-update-templates", **TEMPLATE)
    one = f"{path}/{made['id']}"
    read = await api.get(one)
    assert (await api.put(one, json=TEMPLATE)).status_code == 428
    edited = await api.put(one, json=read.json() | {"name": "Second"}, headers={"If-Match": read.headers["ETag"]})
    assert (edited.status_code, edited.json()["name"]) == (200, "Second")
    assert (await api.put(one, json=TEMPLATE, headers={"If-Match": read.headers["ETag"]})).status_code == 412
    assert [t["name"] for t in (await api.get(path)).json()["items"]] == ["Second"]
    assert (await api.delete(one)).status_code == 204
    assert (await api.get(one)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": "{{servcie}}"}, "text"),
        ({"title": "{{incident_title}}", "audience": "public"}, "title"),
        ({"team_id": NOBODY}, "team_id"),
        ({"service_id": NOBODY}, "service_id"),
        ({"service_id": NOBODY, "team_id": NOBODY}, "service_id"),
        ({"text": ""}, "text"),
    ],
)
async def test_a_template_that_cannot_be(telling: Telling, changes: dict[str, Any], field: str) -> None:
    answer = await telling.system.api.post("/api/v1/status-update-templates", json=TEMPLATE | changes)
    assert answer.status_code == 422, answer.text
    assert field in str(answer.json()["errors"])


async def test_templates_of_a_team_are_its_managers(telling: Telling) -> None:
    system = telling.system
    team = await system.make("teams", name="Payments")
    path = f"/api/v1/teams/{team['id']}/members/{telling.ana['id']}"
    key = await system.make("api-keys", name="a", scope="respond", user_id=telling.ana["id"])
    async with system.client({"Authorization": f"Bearer {key['key']}"}) as ana:
        mine = {**TEMPLATE, "team_id": team["id"]}
        assert (await ana.post("/api/v1/status-update-templates", json=mine)).status_code == 403
        assert (await system.api.put(path, json={"role": "manager"})).status_code in {200, 201}
        assert (await ana.post("/api/v1/status-update-templates", json=mine)).status_code == 201
        assert (await ana.post("/api/v1/status-update-templates", json=TEMPLATE)).status_code == 403, "everybody's"


# --- the cadence ------------------------------------------------------------------------------------------------------------


async def test_the_cadence_has_defaults_and_is_edited(telling: Telling) -> None:
    api, path = telling.system.api, "/api/v1/update-cadence"
    read = await api.get(path)
    assert read.json() == {"P1": "PT30M", "P2": "PT1H", "P3": "PT4H", "P4": None, "P5": None}
    wanted = {"P1": "PT15M", "P2": None, "P3": None, "P4": None, "P5": "P1D"}
    assert (await api.put(path, json=wanted)).status_code == 428
    edited = await api.put(path, json=wanted, headers={"If-Match": read.headers["ETag"]})
    assert (edited.status_code, edited.json()) == (200, wanted)
    assert (await api.put(path, json=wanted, headers={"If-Match": read.headers["ETag"]})).status_code == 412
    assert (await api.put(path, json=wanted | {"P1": "PT1S"}, headers={"If-Match": "*"})).status_code == 422
    assert (await api.put(path, json={"P1": "PT15M"}, headers={"If-Match": "*"})).status_code == 422
    assert (await api.get(path)).json() == wanted
