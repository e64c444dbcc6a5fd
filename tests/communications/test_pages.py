"""Status pages show what was published and nothing else; three independent parsers read them."""

import json
import re
from datetime import timedelta
from typing import Any

import feedparser
import html5lib
import pytest
from tests.communications.telling import Telling

NOBODY = "01960000-0000-7000-8000-000000000009"
FORMS = ("", ".json", ".atom")
UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SECRETS = ["disk full", "db-7", "Ana", "ana@example.com", "Bob", "payments-api", "runbook", "environment admin key", "prod-eu"]


async def test_only_what_was_published_is_shown(telling: Telling) -> None:
    """Planted: alert details, an internal update, names, what was retracted. None of it may be read outside."""
    system = telling.system
    payload = {
        "summary": "disk full on db-7.internal",
        "source": "db-7",
        "severity": "critical",
        "custom_details": {"runbook": "https://wiki.internal/runbook", "region": "prod-eu"},
    }
    await system.api.post(f"/intake/{telling.key}", json={"event_action": "trigger", "dedup_key": "disk", "payload": payload})
    key = await system.make("api-keys", name="a", scope="respond", user_id=telling.ana["id"])
    async with system.client({"Authorization": f"Bearer {key['key']}"}) as ana:
        told: list[dict[str, str]] = [
            {"text": "Bob broke db-7 with the runbook."},
            {"text": "We look into it.", "audience": "public", "title": "Checkout is slow"},
        ]
        for one in told:
            assert (await ana.post(f"/api/v1/incidents/{telling.incident_id}/status-updates", json=one)).status_code == 201
    bad = await telling.publish("Bob broke db-7.")
    await system.api.post(f"/api/v1/incidents/{telling.incident_id}/status-updates/{bad['id']}/retract")
    await telling.feed()
    for form in FORMS:
        said = (await telling.page(form)).text
        assert "We look into it." in said
        words = UUIDS.sub("", said.lower())  # one in 256 ids has a `db-7` in it
        assert [secret for secret in SECRETS if secret.lower() in words] == []
        assert telling.incident_id not in said
        assert telling.service["id"] not in said


async def test_the_page_is_valid_html_without_scripts(telling: Telling) -> None:
    await telling.feed(description='"Quotes" & <angles>')
    await telling.publish("<script>alert(1)</script> **b**\n\n```\n<pre>\n```\n\n- [x](https://a.example/?a=1&b=2)", title="A & B <c>")
    answer = await telling.page()
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(answer.text)
    assert tree.find(".//script") is None
    assert [h.text for h in tree.iter("h3")] == ["A & B <c>"]
    assert not re.search(r"\bon\w+=|javascript:", answer.text)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(ids) == len(set(ids))


async def test_the_feed_is_atom(telling: Telling) -> None:
    await telling.feed(description="All of it")
    first = await telling.publish("We & *you* <look>.")
    telling.system.clock.advance(timedelta(minutes=10))
    await telling.publish("Over.", state="resolved")
    answer = await telling.page(".atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    feed = feedparser.parse(answer.content)
    assert (feed.bozo, feed.version) == (False, "atom10")
    assert (feed.feed.title, feed.feed.subtitle) == ("Acme", "All of it")
    assert feed.feed.updated_parsed[:5] == (2026, 3, 2, 12, 10)
    assert {link.rel: link.href for link in feed.feed.links} == {
        "self": "http://oncall.test/status/acme.atom",
        "alternate": "http://oncall.test/status/acme",
    }
    assert [entry.title for entry in feed.entries] == ["Resolved: Checkout is slow", "Investigating: Checkout is slow"]
    assert feed.entries[1].id == f"urn:uuid:{first['id']}"
    assert feed.entries[1].content[0].value == "<p>We &amp; <em>you</em> &lt;look&gt;.</p>"
    assert all(entry.updated_parsed and entry.link for entry in feed.entries)


async def test_what_is_published_is_shown_within_a_second_and_its_etag_changes(telling: Telling) -> None:
    await telling.feed()
    before = await telling.page()
    assert "All systems operational" in before.text
    same = await telling.page(headers={"If-None-Match": before.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["cache-control"].startswith("public, max-age=1")
    for asked in ("*", f'"x", W/{before.headers["etag"]}'):
        assert (await telling.page(headers={"If-None-Match": asked})).status_code == 304
    await telling.publish("We look.")
    after = await telling.page(headers={"If-None-Match": before.headers["etag"]})
    assert (after.status_code, "A problem is being looked into" in after.text) == (200, True)


async def test_each_service_has_its_word(telling: Telling) -> None:
    other = await telling.system.service([{"type": "user", "id": telling.ana["id"]}])
    groups = [
        {
            "name": "Shop",
            "services": [
                {"service_id": telling.service["id"], "name": "Checkout"},
                {"service_id": other["service"]["id"], "name": "Search"},
            ],
        }
    ]
    await telling.feed(groups=groups)
    for state, word in (("investigating", "investigating"), ("monitoring", "monitoring"), ("resolved", "operational")):
        await telling.publish("A word.", state=state)
        seen = await telling.seen()
        assert [(s["name"], s["state"]) for s in seen["groups"][0]["services"]] == [("Checkout", word), ("Search", "operational")]
        assert seen["state"] == word
    await telling.publish("Both.", state="identified", service_ids=[telling.service["id"], other["service"]["id"]])
    assert (await telling.seen())["incidents"][0]["services"] == ["Checkout", "Search"]


@pytest.mark.parametrize("slug", ["nothing", "ACME", "a b", "acme.xml", "%0a"])
async def test_an_unknown_page_is_not_there(telling: Telling, slug: str) -> None:
    await telling.feed()
    for form in FORMS:
        assert (await telling.page(form, slug=slug)).status_code == 404


async def test_a_private_feed_looks_like_none(telling: Telling) -> None:
    feed = await telling.feed(public=False)
    unknown = (await telling.page(slug="nothing")).json()
    for form in FORMS:
        answer = await telling.page(form)
        assert (answer.status_code, answer.json()) == (404, unknown)
    path = f"/api/v1/status-feeds/{feed['id']}"
    read = await telling.system.api.get(path)
    for public, status in ((True, 200), (False, 404)):
        edited = await telling.system.api.put(path, json=read.json() | {"public": public}, headers={"If-Match": "*"})
        assert edited.status_code == 200, edited.text
        assert (await telling.page()).status_code == status


async def test_history_goes_back_page_by_page(telling: Telling) -> None:
    await telling.feed()
    titles = []
    for n in range(23):
        event = await telling.system.event(telling.key, f"key {n}")
        await telling.publish("Over.", incident=event["incident_id"], title=f"Incident {n}", state="resolved")
        titles.append(f"Incident {n}")
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        seen = await telling.seen(cursor)
        assert len(seen["incidents"]) <= 20
        found += [one["title"] for one in seen["incidents"]]
        cursor = seen["next_cursor"]
    assert found == titles[::-1]
    first = await telling.page()
    [following] = re.findall(r'href="(/status/acme\?cursor=[\w-]+)"', first.text)
    async with telling.system.client() as anybody:
        later = await anybody.get(following)
    html5lib.HTMLParser(strict=True).parse(later.text)
    assert "Incident 2" in later.text
    assert "Incident 22" not in later.text


@pytest.mark.parametrize("cursor", ["x", "'; DROP TABLE status_feeds; --", "é", "A" * 500])
async def test_a_cursor_that_is_none_of_ours_is_refused(telling: Telling, cursor: str) -> None:
    await telling.feed()
    assert (await telling.page(query={"cursor": cursor})).status_code == 422


async def test_an_open_incident_stays_on_the_first_page_however_old(telling: Telling) -> None:
    await telling.feed()
    await telling.publish("We look.", title="The old one")
    for n in range(21):
        event = await telling.system.event(telling.key, f"key {n}")
        await telling.publish("Over.", incident=event["incident_id"], title=f"Incident {n}", state="resolved")
    seen = await telling.seen()
    assert seen["incidents"][0]["title"] == "The old one"
    assert len(seen["incidents"]) == 21


# --- maintenance ------------------------------------------------------------------------------------------------------------


async def window(telling: Telling, **said: Any) -> dict[str, Any]:
    given = {
        "name": "New disks",
        "service_ids": [telling.service["id"]],
        "starts_at": "2026-03-03T12:00:00Z",
        "ends_at": "2026-03-03T13:00:00Z",
    }
    return await telling.system.make("maintenance-windows", **given | said)


async def test_only_public_maintenance_of_its_services_is_shown(telling: Telling) -> None:
    other = await telling.system.service([{"type": "user", "id": telling.ana["id"]}])
    await telling.feed()
    await window(telling, name="Secret works")
    await window(telling, name="Elsewhere", service_ids=[other["service"]["id"]], public=True)
    await window(telling, name="No changes", kind="freeze", public=True)
    shown = await window(telling, public=True, description="Nobody will notice.")
    seen = await telling.seen()
    assert [(one["name"], one["description"], one["services"], one["in_progress"]) for one in seen["maintenance"]] == [
        ("New disks", "Nobody will notice.", ["Checkout"], False)
    ]
    assert "New disks" in (await telling.page()).text
    path = f"/api/v1/maintenance-windows/{shown['id']}"
    read = await telling.system.api.get(path)
    assert read.json()["public"] is True
    assert (await telling.system.api.put(path, json=read.json() | {"public": False}, headers={"If-Match": "*"})).status_code == 200
    assert (await telling.seen())["maintenance"] == []


async def test_maintenance_begins_and_ends_by_time_alone(telling: Telling) -> None:
    await telling.feed()
    await window(telling, public=True)
    seen: list[tuple[str, int]] = []
    for wait in (timedelta(days=1), timedelta(hours=1), timedelta(0)):
        said = await telling.seen()
        seen.append((said["state"], len(said["maintenance"])))
        telling.system.clock.advance(wait)
    assert seen == [("operational", 1), ("maintenance", 1), ("operational", 0)]


async def test_public_maintenance_names_its_services(telling: Telling) -> None:
    said = {"name": "M", "matchers": ['host="a"'], "starts_at": "2026-03-03T12:00:00Z", "ends_at": "2026-03-03T13:00:00Z", "public": True}
    answer = await telling.system.api.post("/api/v1/maintenance-windows", json=said)
    assert (answer.status_code, "service_ids" in str(answer.json()["errors"])) == (422, True)


# --- the feeds themselves ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"slug": "Not a slug"}, "slug"),
        ({"slug": "-a"}, "slug"),
        ({"slug": "a--b"}, "slug"),
        ({"slug": "ünï"}, "slug"),
        ({"slug": "a" * 64}, "slug"),
        ({"groups": []}, "groups"),
        ({"groups": [{"name": "G", "services": []}]}, "groups.0.services"),
        (
            {"groups": [{"name": "G", "services": [{"service_id": NOBODY, "name": "A"}]}]},
            "groups.0.services.0",
        ),
        ({"name": ""}, "name"),
        ({"description": "x" * 501}, "description"),
        ({"theme": "dark"}, "theme"),
    ],
)
async def test_a_feed_that_cannot_be(telling: Telling, changes: dict[str, Any], field: str) -> None:
    groups = [{"name": "Shop", "services": [{"service_id": telling.service["id"], "name": "Checkout"}]}]
    said = {"name": "Acme", "slug": "acme", "groups": groups} | changes
    answer = await telling.system.api.post("/api/v1/status-feeds", json=said)
    assert answer.status_code == 422, answer.text
    assert field in json.dumps(answer.json()["errors"])


async def test_a_feed_is_edited_as_it_was_read_and_its_address_is_its_own(telling: Telling) -> None:
    api = telling.system.api
    feed = await telling.feed()
    assert feed["url"] == "http://oncall.test/status/acme"
    again = await api.post("/api/v1/status-feeds", json={k: feed[k] for k in ("name", "slug", "groups")})
    assert (again.status_code, again.json()["code"]) == (409, "slug_taken")
    path = f"/api/v1/status-feeds/{feed['id']}"
    read = await api.get(path)
    assert (await api.put(path, json=read.json())).status_code == 428
    edited = await api.put(path, json=read.json() | {"slug": "shop"}, headers={"If-Match": read.headers["ETag"]})
    assert edited.status_code == 200, edited.text
    assert (await api.put(path, json=read.json(), headers={"If-Match": read.headers["ETag"]})).status_code == 412
    assert (await telling.page()).status_code == 404
    assert (await telling.page(slug="shop")).status_code == 200
    used = await api.delete(f"/api/v1/services/{telling.service['id']}")
    assert used.status_code == 409
    assert (await api.delete(path)).status_code == 204
    assert (await telling.page(slug="shop")).status_code == 404


async def test_feeds_are_for_admins_to_edit_and_everybody_inside_to_read(telling: Telling) -> None:
    feed = await telling.feed()
    key = await telling.system.make("api-keys", name="r", scope="respond")
    async with telling.system.client({"Authorization": f"Bearer {key['key']}"}) as responder:
        assert [one["id"] for one in (await responder.get("/api/v1/status-feeds")).json()["items"]] == [feed["id"]]
        assert (await responder.delete(f"/api/v1/status-feeds/{feed['id']}")).status_code == 403


async def test_while_the_database_is_away_the_last_that_was_known_is_shown(telling: Telling, monkeypatch: pytest.MonkeyPatch) -> None:
    await telling.feed()
    await telling.publish("We look.")
    node = telling.system.node
    assert (await telling.page()).status_code == 200

    async def away(*_: object) -> None:
        raise ConnectionError("no route to host")

    monkeypatch.setattr(node.compilation, "refresh", away)
    node.board.checked_at = node.maintenance.checked_at = float("-inf")
    async with telling.system.client() as anybody:
        answer = await anybody.get("/status/acme")
    assert (answer.status_code, "We look." in answer.text) == (200, True)


async def test_a_group_of_the_catalogue_is_one_line_as_good_as_its_worst_service(telling: Telling) -> None:
    """Which services these are is the catalogue's to say: the page follows it within a second."""
    system = telling.system
    other = await system.make("services", name="carts", escalation_policy_id=telling.service["escalation_policy_id"])
    group = await system.make("service-groups", name="shop", service_ids=[other["id"]])
    lines = [{"service_group_id": group["id"], "name": "The shop"}, {"service_id": other["id"], "name": "Carts"}]
    made = await telling.feed(groups=[{"name": "All", "services": lines}])
    assert made["groups"][0]["services"] == [{"service_id": None, **lines[0]}, {"service_group_id": None, **lines[1]}]
    await telling.publish("We look into it.")

    async def states() -> list[tuple[str, str]]:
        return [(one["name"], one["state"]) for one in (await telling.seen())["groups"][0]["services"]]

    assert await states() == [("The shop", "operational"), ("Carts", "operational")]
    edit = {"name": "shop", "description": "", "service_ids": [other["id"], telling.service["id"]]}
    edited = await system.api.put(f"/api/v1/service-groups/{group['id']}", json=edit, headers={"If-Match": "*"})
    assert edited.status_code == 200, edited.text
    assert await states() == [("The shop", "investigating"), ("Carts", "operational")]
    page = await telling.seen()
    assert (page["state"], [one["services"] for one in page["incidents"]]) == ("investigating", [["The shop"]])
    refused = await system.api.delete(f"/api/v1/service-groups/{group['id']}", headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["used_by"][0]["kind"]) == (409, "status feed")
    kept = (await system.api.get(f"/api/v1/status-feeds/{made['id']}")).json()
    again = await system.api.put(f"/api/v1/status-feeds/{made['id']}", json=kept, headers={"If-Match": "*"})
    assert (again.status_code, again.json()["groups"]) == (200, made["groups"])


async def test_a_line_is_of_one_thing_that_is_there(telling: Telling) -> None:
    service = telling.service["id"]
    lines = [{"name": "A"}, {"name": "B", "service_id": service, "service_group_id": NOBODY}, {"name": "C", "service_group_id": NOBODY}]
    body = {"name": "Acme", "slug": "acme", "groups": [{"name": "All", "services": lines[:2]}]}
    refused = await telling.system.api.post("/api/v1/status-feeds", json=body)
    assert refused.status_code == 422
    assert [one["loc"] for one in refused.json()["errors"]] == ["body.groups.0.services.0", "body.groups.0.services.1"]
    body["groups"] = [{"name": "All", "services": lines[2:]}]
    refused = await telling.system.api.post("/api/v1/status-feeds", json=body)
    assert [one["loc"] for one in refused.json()["errors"]] == ["body.groups.0.services.0.service_group_id"]
