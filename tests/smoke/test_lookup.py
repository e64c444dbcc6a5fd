"""Who is on call, as anyone may ask."""

import pytest
from tests.system import System, to


async def test_who_is_on_call_for_a_service_now_and_at_another_instant(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    schedule = await system.make(
        "schedules",
        name="Primary",
        time_zone="UTC",
        layers=[
            {
                "name": "weekly",
                "participants": [{"type": "user", "id": ana["id"]}, {"type": "user", "id": ben["id"]}],
                "rotation": {"unit": "week", "count": 1, "starts_at": "2026-03-02T09:00:00"},
            }
        ],
    )
    made = await system.service([{"type": "schedule", "id": schedule["id"]}], [to(ben)])
    service = made["service"]["id"]
    now = (await system.api.get(f"/api/v1/services/{service}/oncall")).json()["items"]
    assert [(row["user"]["name"], row["level"]) for row in now] == [("Ana", 1), ("Ben", 2)]
    assert (now[0]["start"], now[0]["end"]) == ("2026-03-02T09:00:00Z", "2026-03-09T09:00:00Z")
    assert now[0]["schedule"] == {"id": schedule["id"], "name": "Primary"}
    later = (await system.api.get("/api/v1/oncalls", params={"service_id": service, "at": "2026-03-09T09:00:00Z"})).json()["items"]
    assert [row["user"]["name"] for row in later] == ["Ben", "Ben"], "exactly at the handoff the incoming person is on call"
    far = (await system.api.get("/api/v1/oncalls", params={"schedule_id": schedule["id"], "at": "2031-03-10T09:00:00Z"})).json()["items"]
    assert len(far) == 1, "beyond the span that is kept in memory the answer comes from the database"
    mine = (await system.api.get("/api/v1/oncalls", params={"user_id": ana["id"]})).json()["items"]
    assert [row["escalation_policy"]["name"] for row in mine] == ["Payments"]


async def test_a_look_up_needs_a_key_and_sensible_filters(system: System) -> None:
    assert (await system.client().get("/api/v1/oncalls")).status_code == 401
    for query, word in {"at=yesterday": "at must be", "service_id=7": "UUID", "colour=red": "no filter colour"}.items():
        refused = await system.api.get(f"/api/v1/oncalls?{query}")
        assert refused.status_code == 422
        assert word in refused.json()["detail"]


@pytest.mark.parametrize("name", ["service_id", "schedule_id", "user_id", "escalation_policy_id"])
async def test_an_id_that_nobody_has_does_not_look_like_nobody_on_call(system: System, name: str) -> None:
    answer = await system.api.get(f"/api/v1/oncalls?{name}=00000000-0000-0000-0000-000000000000")
    assert (answer.status_code, name in answer.json()["detail"]) == (404, True)
