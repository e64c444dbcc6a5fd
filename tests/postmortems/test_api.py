"""Who may draft, read, edit and publish; versions, templates and settings, over REST."""

from typing import Any

import pytest
from tests.postmortems.writing import House, said

NOBODY = "01960000-0000-7000-8000-000000000009"


@pytest.mark.parametrize(("who", "status"), [("ana", 201), ("ben", 403), ("cleo", 403), ("robot", 403), ("reader", 403)], ids=str)
async def test_responders_of_the_team_draft(house: House, who: str, status: int) -> None:
    id = await house.over()
    async with house.as_(who) as client:
        answer = await client.post(f"/api/v1/incidents/{id}/postmortem")
    assert answer.status_code == status, answer.text
    if status == 201:
        assert (answer.json()["created_by"], answer.json()["team"]["name"]) == ("Ana", "Payments")


async def test_a_key_that_only_reads_sees_what_is_published(house: House) -> None:
    id = await house.over()
    made = await house.written(id)
    paths = [
        f"postmortems/{made['id']}",
        f"postmortems/{made['id']}.md",
        f"postmortems/{made['id']}.pdf",
        f"postmortems/{made['id']}.html",
        f"postmortems/{made['id']}/versions",
        f"postmortems/{made['id']}/versions/1",
    ]
    async with house.as_("reader") as reader:
        assert [(await reader.get(f"/api/v1/{path}")).status_code for path in paths] == [404] * 6
        of_incident = said(await reader.get(f"/api/v1/incidents/{id}/postmortem"))
        assert (of_incident["status"], of_incident["postmortem"]) == ("draft", None)
        assert said(await reader.get("/api/v1/postmortems"))["items"] == []
        assert said(await reader.get("/api/v1/postmortems", params={"status": "draft"}))["items"] == []
        await house.post(f"postmortems/{made['id']}/publish", {})
        assert [(await reader.get(f"/api/v1/{path}")).status_code for path in paths] == [200] * 6
        assert [one["id"] for one in said(await reader.get("/api/v1/postmortems"))["items"]] == [made["id"]]
        assert said(await reader.get(f"/api/v1/incidents/{id}/postmortem"))["postmortem"]["id"] == made["id"]


async def test_every_edit_is_a_version_and_the_same_words_are_none(house: House) -> None:
    made = await house.draft(await house.over())
    path = f"postmortems/{made['id']}"
    assert (await house.system.api.put(f"/api/v1/{path}", json={"title": "x", "body": "y"})).status_code == 428
    async with house.as_("ana") as ana:
        first = await house.edit(path, client=ana, body="Other words.", title="Other title", contributing_factors=["capacity"])
        same = await house.edit(path, client=ana)
    assert (said(first)["version"], first.headers["ETag"], said(same)["version"]) == (2, '"2"', 2)
    stale = await house.system.api.put(f"/api/v1/{path}", json={"title": "x", "body": "y"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    versions = await house.get(f"{path}/versions")
    assert [(one["version"], one["title"]) for one in versions["items"]] == [(2, "Other title"), (1, made["title"])]
    assert "body" not in versions["items"][0]
    page = await house.get(f"{path}/versions", limit=1)
    assert [one["version"] for one in (await house.get(f"{path}/versions", cursor=page["next_cursor"]))["items"]] == [1]
    assert (await house.get(f"{path}/versions/1"))["body"] == made["body"]
    assert (await house.get(f"{path}/versions/2"))["author"] == "Ana"
    assert (await house.system.api.get(f"/api/v1/{path}/versions/3")).status_code == 404


@pytest.mark.parametrize("heading", ["# {{title}}", "# It *broke*", "# It \\*broke\\*"], ids=["drafted", "another", "drafted long ago"])
async def test_a_document_begins_with_the_title_as_it_is_now(house: House, heading: str) -> None:
    """But a heading that somebody wrote themselves stays."""
    made = await house.draft(await house.over(), title="It *broke*")
    path = f"postmortems/{made['id']}"
    said(await house.edit(path, body=f"{heading}\n\nWords."))
    said(await house.edit(path, title="It was <slow>"))
    markdown, page = [(await house.system.api.get(f"/api/v1/{path}.{form}")).text for form in ("md", "html")]
    if heading == "# It *broke*":
        assert markdown == "# It *broke*\n\nWords."
    else:
        assert markdown == "# It was \\<slow\\>\n\nWords."
        assert "<h1>It was &lt;slow&gt;</h1>" in page


async def test_others_do_not_write(house: House) -> None:
    made = await house.draft(await house.over())
    path = f"/api/v1/postmortems/{made['id']}"
    async with house.as_("ben") as ben:
        assert (await house.edit(f"postmortems/{made['id']}", client=ben, title="mine")).status_code == 403
        assert (await ben.post(f"{path}/publish")).status_code == 403
        assert (await ben.delete(path)).status_code == 403
        refused = await ben.post(f"{path}/action-items", json={"title": "x", "owner_id": house.ben["id"]})
        assert refused.status_code == 403


@pytest.mark.parametrize(
    ("what", "changes", "field"),
    [
        ("a factor nobody agreed on", {"contributing_factors": ["fate"]}, "contributing_factors"),
        ("no title", {"title": ""}, "title"),
        ("no body", {"body": ""}, "body"),
        ("a body of more bytes than characters", {"body": "€" * 21_900}, "body"),
        ("a field that there is not", {"secret": 1}, "secret"),
    ],
)
async def test_what_is_refused(house: House, what: str, changes: dict[str, Any], field: str) -> None:
    made = await house.draft(await house.over())
    answer = await house.edit(f"postmortems/{made['id']}", **changes)
    if what == "a body of more bytes than characters":
        assert answer.status_code in {400, 413, 422}, answer.text
    else:
        assert answer.status_code == 422, answer.text
        assert field in str(answer.json()["errors"])


async def test_nothing_is_published_while_something_is_to_be_filled_in(house: House) -> None:
    id = await house.over()
    made = await house.draft(id)
    refused = await house.system.api.post(f"/api/v1/postmortems/{made['id']}/publish")
    assert refused.status_code == 422
    assert [fault["message"] if "message" in fault else str(fault) for fault in refused.json()["errors"]].__len__() == 4
    said(await house.edit(f"postmortems/{made['id']}", body=made["body"].replace("[to fill in]", "Said.")))
    async with house.as_("ana") as ana:
        published = said(await ana.post(f"/api/v1/postmortems/{made['id']}/publish"))
    assert (published["status"], published["published_by"]) == ("published", "Ana")
    again = await house.post(f"postmortems/{made['id']}/publish", {})
    assert again["published_by"] == "Ana", "a second time changes nothing"
    edited = await house.edit(f"postmortems/{made['id']}", body="More is known.")
    assert (said(edited)["status"], said(edited)["version"]) == ("published", 3), "a published one is still edited"
    assert (await house.edit(f"postmortems/{made['id']}", body="[to fill in]")).status_code == 422
    kept = await house.system.api.delete(f"/api/v1/postmortems/{made['id']}")
    assert (kept.status_code, kept.json()["code"]) == (409, "postmortem_status")


async def test_a_draft_begun_by_mistake_is_deleted_and_its_incident_is_free_again(house: House) -> None:
    id = await house.over()
    made = await house.draft(id)
    async with house.as_("ana") as ana:
        assert (await ana.delete(f"/api/v1/postmortems/{made['id']}")).status_code == 204
    assert (await house.get(f"incidents/{id}/postmortem"))["status"] == "none"
    assert (await house.draft(id))["id"] != made["id"]


async def test_lists_and_their_filters(house: House) -> None:
    first, second = await house.over("a"), await house.over("b")
    one, two = await house.draft(first, title="One"), await house.draft(second, title="Two")
    said(await house.edit(f"postmortems/{one['id']}", contributing_factors=["capacity"]))

    async def ids(**query: Any) -> list[str]:
        return [found["id"] for found in (await house.get("postmortems", **query))["items"]]

    assert await ids() == [two["id"], one["id"]]
    assert await ids(contributing_factor="capacity") == [one["id"]]
    assert await ids(incident_id=second) == [two["id"]]
    assert await ids(status="published") == []
    assert await ids(team_id=house.team["id"]) == [two["id"], one["id"]]
    assert await ids(team_id=NOBODY) == []
    page = await house.get("postmortems", limit=1)
    assert await ids(cursor=page["next_cursor"]) == [one["id"]]
    assert "body" not in page["items"][0]


async def test_a_team_begins_with_its_own_template(house: House) -> None:
    path = f"teams/{house.team['id']}/postmortem-template"
    assert (await house.get(path))["is_own"] is False
    async with house.as_("ben") as ben:
        assert (await house.edit(path, client=ben, body="mine")).status_code == 403
    async with house.as_("ana") as ana:
        edited = await house.edit(path, client=ana, body="# {{title}}\n\n{{durations}}\n\nWhy, why, why?")
        unknown = await house.edit(path, client=ana, body="{{config.secret}}")
    assert said(edited)["is_own"] is True
    assert (unknown.status_code, "config.secret" in unknown.text) == (422, True)
    draft = await house.draft(await house.over(), title="It broke")
    assert draft["body"].startswith("# {{title}}\n\n| Incident | Measure |")
    assert draft["body"].endswith("Why, why, why?")
    assert (await house.system.api.delete(f"/api/v1/{path}")).status_code == 204
    assert (await house.get(path))["is_own"] is False


async def test_settings_are_for_admins_and_hold_from_now_on(house: House) -> None:
    path = "postmortem-settings"
    first = await house.get(path)
    assert (first["due_after"]["P1"], first["owed_within"]) == ("P7D", "P5D")
    async with house.as_("ana") as ana:
        assert (await house.edit(path, client=ana, owed_within="P1D")).status_code == 403
    edited = said(await house.edit(path, contributing_factors=["fate"], due_after={"P1": "P3D"}, owed_within="P1D"))
    assert edited == {"contributing_factors": ["fate"], "due_after": {**first["due_after"], "P1": "P3D"}, "owed_within": "P1D"}
    made = await house.draft(await house.over())
    said(await house.edit(f"postmortems/{made['id']}", contributing_factors=["fate"]))
    said(await house.edit(path, contributing_factors=[]))
    still = await house.edit(f"postmortems/{made['id']}", title="Other", contributing_factors=["fate"])
    assert said(still)["contributing_factors"] == ["fate"], "what is used already stays"


async def test_no_team_takes_the_telling_of_an_incident_from_another(house: House) -> None:
    """An incident is told of in one postmortem: whoever begins one of several writes for the team of each."""
    other = await house.system.make("teams", name="Search")
    policy = house.service["escalation_policy_id"]
    service = await house.system.make("services", name="search", team_id=other["id"], escalation_policy_id=policy)
    key = (await house.system.make(f"services/{service['id']}/integrations", name="prod", type="pagerduty"))["key"]
    ours, theirs = await house.over(), (await house.system.event(key, "slow"))["incident_id"]
    async with house.as_("ana") as ana:
        for first, also in ((ours, theirs), (theirs, ours)):
            refused = await ana.post(f"/api/v1/incidents/{first}/postmortem", json={"incident_ids": [also]})
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert (await ana.post(f"/api/v1/incidents/{ours}/postmortem")).status_code == 201
    assert (await house.draft(theirs))["incidents"][0]["id"] == theirs, "nobody was in their way"


async def test_what_is_owed_comes_page_by_page(house: House) -> None:
    majors = [await house.over(f"disk-{n}", major=True) for n in range(3)]
    first = await house.get("postmortems/owed", limit=2)
    assert [one["incident"]["id"] for one in first["items"]] == majors[:0:-1]
    second = await house.get("postmortems/owed", limit=2, cursor=first["next_cursor"])
    assert ([one["incident"]["id"] for one in second["items"]], second["next_cursor"]) == (majors[:1], None)
