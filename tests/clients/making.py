"""What a test needs to exist on a real node, made over REST."""

from typing import Any

from tests.serving import Served


async def make(served: Served, path: str, **body: Any) -> dict[str, Any]:
    answer = await served.api.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def make_user(served: Served, *delays: str) -> dict[str, Any]:
    """Ana, whom an e-mail reaches for high urgency after each of these delays."""
    ana = await make(served, "users", name="Ana", email="ana@example.org")
    method = await make(served, f"users/{ana['id']}/contact-methods", channel="email", address="ana@example.org", verified=True)
    for delay in delays:
        await make(served, f"users/{ana['id']}/notification-rules", urgency="high", delay=delay, contact_method_id=method["id"])
    return ana


async def make_service(served: Served, ana: dict[str, Any], type: str) -> tuple[str, dict[str, Any]]:
    """The id of a service that pages Ana, and an integration of it."""
    steps = [{"delay": "PT5M", "targets": [{"type": "user", "id": ana["id"]}]}]
    policy = await make(served, "escalation-policies", name="Web", steps=steps)
    service = await make(served, "services", name="web", escalation_policy_id=policy["id"])
    return service["id"], await make(served, f"services/{service['id']}/integrations", name="monitors", type=type)


async def incidents(served: Served, service_id: str) -> list[dict[str, Any]]:
    """Newest first."""
    found: list[dict[str, Any]] = (await served.api.get(f"/api/v1/incidents?service_id={service_id}")).json()["items"]
    return found
