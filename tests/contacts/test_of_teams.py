"""Contact methods of a team: what a policy points at as a channel."""

from typing import Any

from tests.incidents.acting import responder
from tests.incidents.building import rows
from tests.system import System, to

HOOK = "https://hooks.example.com/payments"


async def channel(system: System, team: str = "Payments", *, verified: bool = True, **more: Any) -> dict[str, Any]:
    made = await system.make("teams", name=team)
    wanted: dict[str, Any] = {"channel": "webhook", "address": HOOK} | more
    return await system.make(f"teams/{made['id']}/contact-methods", **wanted, verified=verified)


async def test_an_admin_makes_them_and_responders_read_them(system: System) -> None:
    made = await channel(system)
    path = f"/api/v1/teams/{made['team_id']}/contact-methods"
    assert made["signing_secret"] == f"the secret of {HOOK}"
    shown = {name: value for name, value in made.items() if name != "signing_secret"}
    await system.user("Ana")
    ana = (await responder(system, "Ana")).client
    assert (await ana.get(path)).json()["items"] == [shown]
    assert (await ana.get(f"{path}/{made['id']}")).json() == shown
    wanted = {"channel": "email", "address": "payments@example.com"}
    assert (await ana.post(path, json=wanted)).status_code == 403
    mail = await system.make(f"teams/{made['team_id']}/contact-methods", **wanted)
    assert (mail["verified"], mail["signing_secret"]) == (False, None), "nobody vouched for it"
    again = await system.api.post(path, json=wanted)
    assert (again.status_code, again.json()["code"]) == (409, "contact_method_exists")
    assert (await ana.delete(f"{path}/{mail['id']}")).status_code == 403
    assert [(await system.api.delete(f"{path}/{mail['id']}")).status_code for _ in range(2)] == [204, 404]


async def test_they_are_seen_at_their_own_team_alone(system: System) -> None:
    made, other = await channel(system), await system.make("teams", name="Search")
    ana = await system.user("Ana")
    own = (await system.api.get(f"/api/v1/users/{ana['id']}/contact-methods")).json()["items"][0]
    for path in (
        f"teams/{other['id']}/contact-methods/{made['id']}",
        f"users/{ana['id']}/contact-methods/{made['id']}",
        f"users/{made['team_id']}/contact-methods/{made['id']}",
        f"teams/{ana['id']}/contact-methods/{own['id']}",
        f"teams/{made['team_id']}/contact-methods/{own['id']}",
    ):
        assert (await system.api.get(f"/api/v1/{path}")).status_code == 404
        assert (await system.api.delete(f"/api/v1/{path}")).status_code == 404
        assert (await system.api.post(f"/api/v1/{path}/test")).status_code == 404
    assert (await system.api.get(f"/api/v1/teams/{other['id']}/contact-methods")).json()["items"] == []


async def test_a_code_proves_one_and_a_test_tries_it(system: System) -> None:
    made = await channel(system, verified=False)
    path = f"/api/v1/teams/{made['team_id']}/contact-methods/{made['id']}"
    assert (await system.api.post(f"{path}/test")).json()["code"] == "not_verified"
    sent = await system.api.post(f"{path}/verify")
    assert (sent.status_code, sent.json()["href"]) == (202, path)
    await system.run_due()
    [message] = system.webhook.sent
    assert (message.recipient, message.address) == ("team Payments", HOOK)
    wrong = await system.api.post(f"{path}/verify", json={"code": "000000" if message.code != "000000" else "000001"})  # type: ignore[union-attr]
    assert wrong.json()["code"] == "wrong_code"
    proven = await system.api.post(f"{path}/verify", json={"code": message.code})  # type: ignore[union-attr]
    assert (proven.status_code, proven.json()["verified"], proven.json()["team_id"]) == (200, True, made["team_id"])
    assert (await system.api.post(f"{path}/test")).status_code == 202
    await system.run_due()
    assert system.webhook.sent[-1].subject == "This is a test of oncall for team Payments; nothing is wrong"  # type: ignore[union-attr]
    assert (await system.api.get(path)).json()["last_proven_at"] is not None


async def test_one_that_a_policy_points_at_stays_and_so_does_its_team(system: System) -> None:
    made = await channel(system)
    policy = (await system.service([{"type": "channel", "id": made["id"]}]))["policy"]
    refused = await system.api.delete(f"/api/v1/teams/{made['team_id']}/contact-methods/{made['id']}")
    assert refused.status_code == 409
    assert refused.json()["used_by"] == [{"kind": "escalation policy", "id": policy["id"], "name": "Payments"}]
    assert (await system.api.delete(f"/api/v1/teams/{made['team_id']}")).json()["detail"] == (
        "Team Payments is still used by 1 contact method: change or delete those first."
    )


async def test_a_user_who_goes_takes_their_codes_along(system: System) -> None:
    ana = await system.user("Ana")
    more = await system.make(f"users/{ana['id']}/contact-methods", channel="email", address="ana@work.example.com")
    assert (await system.api.post(f"/api/v1/users/{ana['id']}/contact-methods/{more['id']}/verify")).status_code == 202
    assert (await system.api.delete(f"/api/v1/users/{ana['id']}")).status_code == 204
    assert await rows(system, "SELECT count(*) FROM contact_proofs") == [(0,)]


async def test_a_policy_of_a_team_points_only_at_channels_of_its_own(system: System) -> None:
    made, other = await channel(system), await system.make("teams", name="Search")
    ana = await system.user("Ana")
    steps = [{"delay": "PT5M", "targets": [to(ana), {"type": "channel", "id": made["id"]}]}]
    refused = await system.api.post("/api/v1/escalation-policies", json={"name": "P", "team_id": other["id"], "steps": steps})
    assert (refused.status_code, refused.json()["detail"]) == (
        422,
        "A policy of a team pages only channels of that team; these are of team Payments.",
    )
    policy = await system.make("escalation-policies", name="P", team_id=made["team_id"], steps=steps)
    assert policy["steps"][0]["targets"] == steps[0]["targets"]
    own = (await system.api.get(f"/api/v1/users/{ana['id']}/contact-methods")).json()["items"][0]
    steps[0]["targets"][1] = {"type": "channel", "id": own["id"]}
    refused = await system.api.post("/api/v1/escalation-policies", json={"name": "Q", "steps": steps})
    assert refused.json()["detail"] == f"There is no channel {own['id']}.", "a person's own address is no channel"
