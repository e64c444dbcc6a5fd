"""Every body of every system through a real node: accepted, decided, and what does nothing says why. `make payloads` shows the table."""

from collections import Counter, defaultdict
from typing import Any

from tests.intake.dialects import clouds, code, metrics, paging, servers, uptime
from tests.intake.dialects.table import Body, requested, sent
from tests.intake.payloads import CAPTURED, SHARED, body
from tests.system import System, to

COLUMNS = (
    "opened",
    "deduplicated",
    "reopened",
    "acknowledged",
    "resolved",
    "no_open_alert",
    "change_recorded",
    "checked_in",
    "duplicate_delivery",
    "ignored",
)
IN_THE_PATH = ("/v2/alerts", "/heartbeat", "/change/enqueue")
"""What only the path says: these bodies go where their senders would send them."""


def rows() -> list[Body]:
    """Those whose body is here, what fires before what ends it."""
    found = [row for group in (metrics, clouds, uptime, servers, code, paging) for row in group.BODIES]
    here = [row for row in found if any((folder / row.name).exists() for folder in (CAPTURED, SHARED))]
    return sorted(here, key=lambda row: any(action == "resolve" for action, *_ in row.events))


async def send(system: System, row: Body, key: str) -> list[dict[str, Any]]:
    """Post a body as it was sent; the events that came of it."""
    headers, path = requested(row.name)
    headers = {name: value for name, value in {**headers, **row.headers}.items() if name.lower() not in {"authorization", "content-length"}}
    path = row.path or path
    raw = body(row.name)
    if raw.startswith(b"GET /"):
        answer = await system.api.get(f"/intake/{key}?{sent(row.name).decode()}")
        asked: list[dict[str, Any]] = answer.json()["events"]
        return asked
    if "/api/v2/alerts" in path or not any(part in path for part in IN_THE_PATH):
        answer = await system.api.post(f"/intake/{key}", content=raw, headers=headers)
        assert answer.status_code == 202, f"{row.name}: {answer.text}"
        events: list[dict[str, Any]] = answer.json()["events"]
        return events
    if "/v2/alerts" in path:
        address, headers["authorization"] = path[path.index("/v2/alerts") :], f"GenieKey {key}"
    elif "/heartbeat" in path:
        address, headers["authorization"] = "/api/heartbeat", f"Key {key}"
    else:
        headers.pop("content-type", None)
        routing_key = raw[raw.index(b'"routing_key"') :].split(b'"')[3]
        address, raw = "/v2/change/enqueue", raw.replace(routing_key, key.encode())
    answer = await system.api.post(address, content=raw, headers=headers)
    assert answer.status_code in {201, 202}, f"{row.name}: {answer.text}"
    id = answer.json().get("requestId") or answer.json().get("id")
    return [(await system.api.get(f"/api/v1/events/{id}")).json()] if id else [{"decision": "change_recorded"}]


async def test_every_body_of_every_system(system: System) -> None:
    ana = await system.user("Ana")
    policy = await system.make("escalation-policies", name="All", steps=[{"delay": "PT5M", "targets": [to(ana)]}])
    bodies: Counter[str] = Counter()
    decisions: dict[str, Counter[str]] = defaultdict(Counter)
    reasons: dict[str, set[str]] = defaultdict(set)
    keys: dict[tuple[str, str], str] = {}
    services: dict[str, str] = {}
    for row in rows():
        name = row.name.partition("/")[0]
        if name not in services:
            services[name] = (await system.make("services", name=name, escalation_policy_id=policy["id"]))["id"]
        if (name, row.type) not in keys:
            type = "generic" if row.type == "slack" else row.type  # that one answers as Slack does, which tells no decision
            made = await system.make(f"services/{services[name]}/integrations", name=row.type, type=type)
            keys[name, row.type] = made["key"]
        bodies[name] += 1
        for event in await send(system, row, keys[name, row.type]):
            decisions[name][event["decision"]] += 1
            if event["decision"] == "ignored" and "id" in event:
                reasons[name].add((await system.api.get(f"/api/v1/events/{event['id']}")).json()["reason"])
    print(f"\n{'system':22} bodies events {' '.join(f'{column:>15}' for column in COLUMNS)} unmapped")
    for name in sorted(bodies):
        counted = decisions[name]
        shown = " ".join(f"{counted[column] or '':>15}" for column in COLUMNS)
        unmapped = sum(counted.values()) - sum(counted[column] for column in COLUMNS)
        print(f"{name:22} {bodies[name]:6} {sum(counted.values()):6} {shown} {unmapped:8}")
        for reason in sorted(reasons[name]):
            print(f"{'':22} ignored: {reason}")
        assert unmapped == 0, f"{name}: {dict(counted)}"
    print(f"{'all':22} {sum(bodies.values()):6} {sum(sum(c.values()) for c in decisions.values()):6}")
    assert all(reason for said in reasons.values() for reason in said)
