"""REST for heartbeats: what is taken, refused and shown."""

from typing import Any

import pytest
from tests.heartbeats.beating import Beating
from tests.incidents.building import rows
from tests.system import System

READ_ONLY = {"id", "key_prefix", "created_at", "state", "last_check_in_at", "expires_at", "paused"}
PATH = "/api/v1/heartbeats"


def canonical(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: said for name, said in shown.items() if name not in READ_ONLY}


async def test_what_get_gives_can_be_sent_back_and_reads_back_equal(system: System, beating: Beating) -> None:
    made = await beating.make(
        "nightly", "P1DT30M", grace="PT90S", severity="warning", allow_get=True, description="a\nb", labels={"a": "b"}
    )
    shown = await beating.seen(made)
    put = await system.api.put(f"{PATH}/{made['id']}", json=canonical(shown), headers={"If-Match": '"1"'})
    assert (put.status_code, canonical(put.json()), put.headers["etag"]) == (200, canonical(shown), '"2"')
    await system.api.delete(f"{PATH}/{made['id']}")
    again = await system.api.post(PATH, json=canonical(shown))
    assert canonical(await beating.seen(again.json())) == canonical(shown)


async def test_defaults(beating: Beating) -> None:
    made = await beating.system.make("heartbeats", name="x", service_id=beating.made["service"]["id"], interval=600)
    told = {
        "interval": "PT10M",
        "grace": "PT1M",
        "severity": "critical",
        "allow_get": False,
        "description": "",
        "labels": {},
        "state": "new",
    }
    assert {name: made[name] for name in told} == told


async def test_the_key_is_shown_once_and_only_its_hash_is_stored(system: System, beating: Beating) -> None:
    made = await beating.make()
    assert made["url"] == f"http://oncall.test/heartbeats/{made['key']}"
    assert made["key"] not in f"{await beating.seen(made)} {(await system.api.get(PATH)).text}"
    assert made["key"] not in f"{await rows(system, 'SELECT row_to_json(heartbeats)::text FROM heartbeats')}"


async def test_a_rotated_key_takes_the_place_of_the_old_one(beating: Beating) -> None:
    made = await beating.make()
    rotated = await beating.do(made, "rotate-key", status=201)
    assert (await beating.check_in(made)).status_code == 401
    assert (await beating.check_in(rotated)).status_code == 202
    assert (await beating.seen(made))["key_prefix"] == rotated["key_prefix"]
    assert ("key_rotated", "environment admin key changed its key") in await beating.history(made)


@pytest.mark.parametrize(
    ("field", "said", "sentence"),
    [
        ("interval", "PT9S", "must be between PT10S and P31D"),
        ("interval", "P31DT1S", "must be between PT10S and P31D"),
        ("interval", "often", "must be a duration"),
        ("interval", True, "must be a duration"),
        ("interval", None, "must be a duration"),
        ("grace", "-PT1S", "must be between PT0S"),
        ("grace", "P32D", "must be at most P31D"),
        ("name", "", "at least 1 character"),
        ("name", "a\nb", "one line"),
        ("name", "x" * 201, "at most 200 characters"),
        ("severity", "fatal", "must be 'critical'"),
        ("allow_get", "perhaps", "valid boolean"),
        ("labels", {"": "x"}, "at least 1 character"),
        ("labels", {"a": 1}, "valid string"),
        ("labels", {f"{n}": "x" for n in range(51)}, "at most 50"),
        ("description", "x" * 2001, "at most 2000"),
        ("service_id", "0198c0de-0000-7000-8000-000000000000", "no service with this service_id"),
        ("key", "mine", "no such field"),
        ("state", "healthy", "no such field"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_place(system: System, beating: Beating, field: str, said: object, sentence: str) -> None:
    body = {"name": "x", "service_id": beating.made["service"]["id"], "interval": "PT1M", field: said}
    answer = await system.api.post(PATH, json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (sentence in answer.text, answer.json()["errors"][0]["loc"].startswith(f"body.{field}")) == (True, True), answer.text
    assert (await system.api.get(PATH)).json()["items"] == []


async def test_a_name_is_unique_in_its_service(system: System, beating: Beating) -> None:
    first, other = await beating.make("a"), await beating.make("b")
    body = {"name": "a", "service_id": beating.made["service"]["id"], "interval": "PT1M"}
    assert ((await system.api.post(PATH, json=body)).status_code, first["name"]) == (409, "a")
    answer = await system.api.put(f"{PATH}/{other['id']}", json=body, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (409, "exists")
    policy = beating.made["policy"]["id"]
    second = await system.make("services", name="b", escalation_policy_id=policy)
    assert (await system.api.post(PATH, json=body | {"service_id": second["id"]})).status_code == 201


async def test_an_edit_says_which_version_and_stays_in_its_service(system: System, beating: Beating) -> None:
    made = await beating.make()
    body = canonical(await beating.seen(made))
    second = await system.make("services", name="b", escalation_policy_id=beating.made["policy"]["id"])
    for headers, more, status in (
        ({}, {}, 428),
        ({"If-Match": '"7"'}, {}, 412),
        ({"If-Match": "*"}, {"service_id": second["id"]}, 422),
        ({"If-Match": '"1"'}, {}, 200),
    ):
        answer = await system.api.put(f"{PATH}/{made['id']}", json=body | more, headers=headers)
        assert answer.status_code == status, answer.text


async def test_a_shorter_interval_counts_from_the_last_check_in(system: System, beating: Beating) -> None:
    made = await beating.checking_in(interval="P1D")
    await system.advance(minutes=30)
    body = canonical(await beating.seen(made)) | {"interval": "PT10M"}
    await system.api.put(f"{PATH}/{made['id']}", json=body, headers={"If-Match": "*"})
    await system.run_due()
    assert (await beating.state(made), system.pages()) == ("expired", ["Ana"])
    body["interval"] = "P2D"  # which does not undo what has happened
    await system.api.put(f"{PATH}/{made['id']}", json=body, headers={"If-Match": "*"})
    assert await beating.state(made) == "expired"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"until": "2026-03-02T13:00:00Z"}, "reason"),
        ({"reason": "  ", "until": "2026-03-02T13:00:00Z"}, "reason"),
        ({"reason": "x"}, "until"),
        ({"reason": "x", "until": None}, "until"),
        ({"reason": "x", "until": "2026-03-02T12:00:00Z"}, "until"),
        ({"reason": "x", "until": "2026-03-01T12:00:00Z"}, "until"),
        ({"reason": "x", "until": "2026-05-31T12:00:01Z"}, "until"),
        ({"reason": "x", "until": "2026-03-02T13:00:00"}, "until"),
        ({"reason": "x", "until": 1772456400}, "until"),
        ({"reason": "x", "until": "2026-03-02T13:00:00Z", "for": "ever"}, "for"),
    ],
)
async def test_a_pause_has_a_reason_and_an_end(system: System, beating: Beating, body: dict[str, object], place: str) -> None:
    made = await beating.make()
    answer = await system.api.post(f"{PATH}/{made['id']}/pause", json=body)
    assert (answer.status_code, f"body.{place}" in answer.text) == (422, True), answer.text
    assert await beating.state(made) == "new"


async def test_lists_are_paged_and_filtered_by_service_and_state(system: System, beating: Beating) -> None:
    new, healthy, expired, paused = [await beating.make(name) for name in ("new", "healthy", "expired", "paused")]
    await beating.check_in(expired)
    await system.advance(minutes=11)
    await beating.check_in(healthy)
    await beating.do(paused, "pause", reason="x", until="2026-03-02T13:00:00Z")
    for state in ("new", "healthy", "expired", "paused"):
        assert [one["name"] for one in (await system.api.get(PATH, params={"state": state})).json()["items"]] == [state]
    names, cursor = [], None
    while True:
        page = (await system.api.get(PATH, params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
        names.append([one["name"] for one in page["items"]])
        if (cursor := page["next_cursor"]) is None:
            break
    assert names == [["new", "healthy", "expired"], ["paused"]]
    assert (await system.api.get(PATH, params={"service_id": new["id"]})).json()["items"] == []
    assert (await system.api.get(PATH, params={"state": "odd"})).status_code == 422


async def test_a_service_with_heartbeats_is_not_deleted(system: System, beating: Beating) -> None:
    made = await beating.make()
    service = f"/api/v1/services/{beating.made['service']['id']}"
    answer = await system.api.delete(service)
    assert (answer.status_code, answer.json()["code"], "1 heartbeat (backup)" in answer.json()["detail"]) == (409, "in_use", True)
    await system.api.delete(f"{PATH}/{made['id']}")
    assert (await system.api.delete(service)).status_code == 204


async def test_any_key_reads_and_an_admins_writes(system: System, beating: Beating) -> None:
    made = await beating.make()
    for scope, reads in (("read", 200), ("respond", 200)):
        key = (await system.make("api-keys", name=scope, scope=scope))["key"]
        headers = {"Authorization": f"Bearer {key}"}
        for path in (PATH, f"{PATH}/{made['id']}", f"{PATH}/{made['id']}/history"):
            assert (await system.api.get(path, headers=headers)).status_code == reads
        body = canonical(await beating.seen(made))
        until = {"reason": "x", "until": "2026-03-02T13:00:00Z"}
        for method, path, said in (
            ("POST", PATH, body),
            ("PUT", f"{PATH}/{made['id']}", body),
            ("DELETE", f"{PATH}/{made['id']}", None),
            ("POST", f"{PATH}/{made['id']}/rotate-key", None),
            ("POST", f"{PATH}/{made['id']}/pause", until),
            ("POST", f"{PATH}/{made['id']}/resume", None),
        ):
            assert (await system.api.request(method, path, json=said, headers=headers)).status_code == 403, (method, path)


async def test_what_nobody_has_is_404(system: System) -> None:
    path = f"{PATH}/0198c0de-0000-7000-8000-000000000000"
    until = {"reason": "x", "until": "2026-03-02T13:00:00Z"}
    for method, end, said in (
        ("GET", "", None), ("DELETE", "", None), ("GET", "/history", None), ("POST", "/rotate-key", None), ("POST", "/pause", until),
        ("POST", "/resume", None),
    ):  # fmt: skip
        assert (await system.api.request(method, path + end, json=said)).status_code == 404, (method, end)


async def test_history_is_paged_newest_first_and_keeps_a_hundred_check_ins_and_all_changes(system: System, beating: Beating) -> None:
    made = await beating.make()
    for _ in range(105):
        await beating.check_in(made)
    seen, cursor = [], None
    while True:
        query = {"limit": 40} | ({"cursor": cursor} if cursor else {})
        page = (await system.api.get(f"{PATH}/{made['id']}/history", params=query)).json()
        seen += page["items"]
        if (cursor := page["next_cursor"]) is None:
            break
    kinds = [one["kind"] for one in seen]
    assert (kinds.count("checked_in"), kinds[-2:], len({one["id"] for one in seen})) == (100, ["first_check_in", "created"], 102)
    assert seen[0]["by"] == "POST"
