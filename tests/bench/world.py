"""The on-call world that is measured, made over REST, and what the database says became of it."""

import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from httpx import AsyncClient

from oncall.kit.db import plain_dsn
from oncall.kit.pgbinaries import PORT
from tests.system import ADMIN_KEY, to

LATER = "PT12H"


class LostOrDoubled(Exception):
    """A promise was broken while it was measured: the run fails, however fast it was."""


@dataclass(frozen=True, slots=True)
class World:
    """Keys and ids to measure with. The pages of `stormy` and `climbing` are written at once and sent much later."""

    stormy_key: str
    climbing_key: str
    climbing_service: str
    calling_key: str
    scheduled_service: str
    acknowledged_service: str
    acknowledged_key: str
    prometheus_key: str
    alerta_key: str


@dataclass(frozen=True, slots=True)
class Totals:
    """What is stored; the difference of two must be what was answered in between."""

    events: int
    counted: int
    incidents: int

    def __sub__(self, before: "Totals") -> "Totals":
        return Totals(self.events - before.events, self.counted - before.counted, self.incidents - before.incidents)


# --- settings ---------------------------------------------------------------------------------------------------------------


async def make_world(port: int, *, sink_port: int) -> World:
    async with AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", headers={"Authorization": f"Bearer {ADMIN_KEY}"}, timeout=30) as api:
        make = _Maker(api, sink_port)
        patient, called = await make.user("Ana", delay=LATER), await make.user("Ben", delay="PT0S")
        stormy, stormy_key = await make.service("stormy", [to(patient)])
        acknowledged, acknowledged_key = await make.service("acknowledged", [to(patient)])
        others = [await make.integration(stormy, type) for type in ("alertmanager", "alerta")]
        climbing, climbing_key = await make.service("climbing", [to(patient)], [to(patient)])
        _, calling_key = await make.service("calling", [to(called)])
        schedule = await make.schedule([patient, called, *[await make.user(name, delay=LATER) for name in ("Cy", "Dee", "Eli", "Fay")]])
        scheduled, _ = await make.service("scheduled", [{"type": "schedule", "id": schedule}])
        return World(stormy_key, climbing_key, climbing, calling_key, scheduled, acknowledged, acknowledged_key, *others)


@dataclass
class _Maker:
    api: AsyncClient
    sink_port: int

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = await self.api.post(path, json=body)
        if answer.status_code != 201:
            raise LostOrDoubled(f"POST {path} answered {answer.status_code}: {answer.text}")
        made: dict[str, Any] = answer.json()
        return made

    async def user(self, name: str, *, delay: str) -> dict[str, Any]:
        """Somebody who is paged by webhook, `delay` after the page is written."""
        user = await self.post("/users", name=name, email=f"{name.lower()}@example.com")
        address = f"http://127.0.0.1:{self.sink_port}/{name.lower()}"
        method = await self.post(f"/users/{user['id']}/contact-methods", channel="webhook", address=address, verified=True)
        for urgency in ("high", "low"):
            await self.post(f"/users/{user['id']}/notification-rules", urgency=urgency, delay=delay, contact_method_id=method["id"])
        return user

    async def service(self, name: str, *steps: list[dict[str, Any]]) -> tuple[str, str]:
        """The id of a service whose steps are a day apart, and the key of its PagerDuty integration."""
        policy = await self.post("/escalation-policies", name=name, steps=[{"delay": "P1D", "targets": targets} for targets in steps])
        service = await self.post("/services", name=name, escalation_policy_id=policy["id"])
        return service["id"], await self.integration(service["id"], "pagerduty")

    async def integration(self, service_id: str, type: str) -> str:
        key: str = (await self.post(f"/services/{service_id}/integrations", name=type, type=type))["key"]
        return key

    async def schedule(self, users: list[dict[str, Any]]) -> str:
        """Three layers in a zone with daylight saving (a weekly rotation, nights, weekends), and twenty overrides."""
        everybody = [to(user) for user in users]
        layers = [
            _layer("primary", "week", everybody),
            _layer("nights", "day", everybody[2:], [{"type": "daily", "start_time": "20:00", "end_time": "08:00"}]),
            _layer(
                "weekends",
                "week",
                everybody[:3],
                [{"type": "weekly", "start_day": "saturday", "start_time": "00:00", "end_day": "monday", "end_time": "00:00"}],
            ),
        ]
        schedule = await self.post("/schedules", name="primary", time_zone="Europe/Berlin", layers=layers)
        tomorrow = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)  # noqa: TID251
        for n in range(20):
            start = tomorrow + timedelta(days=2 * n)
            body = {"start": start.isoformat(), "end": (start + timedelta(hours=6)).isoformat(), "user_id": users[n % len(users)]["id"]}
            await self.post(f"/schedules/{schedule['id']}/overrides", **body)
        id: str = schedule["id"]
        return id


def _layer(name: str, unit: str, users: list[dict[str, Any]], restrictions: list[dict[str, str]] | None = None) -> dict[str, Any]:
    rotation = {"unit": unit, "starts_at": "2026-01-05T09:00:00"}
    return {"name": name, "participants": users, "rotation": rotation, "restrictions": restrictions}


# --- requests ---------------------------------------------------------------------------------------------------------------


def trigger(routing_key: str, dedup_key: str) -> bytes:
    """A PagerDuty trigger as monitors send it, whole."""
    event = {
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": dedup_key,
        "client": "Prometheus",
        "client_url": "https://prometheus.example.com/graph?g0.expr=up",
        "links": [{"href": "https://runbooks.example.com/disk-full", "text": "Runbook"}],
        "payload": {
            "summary": "DiskWillFillIn4Hours on db-1.example.com: /var/lib/postgresql has 4 % left",
            "source": "db-1.example.com",
            "severity": "critical",
            "timestamp": "2026-03-08T09:00:00.000+00:00",
            "component": "postgresql",
            "group": "prod-datastores",
            "class": "disk",
            "custom_details": {"free": "4 %", "mount": "/var/lib/postgresql", "load": [0.7, 0.9, 1.2], "runbook": "disk-full"},
        },
    }
    return post("/v2/enqueue", event)


def post(path: str, said: object, *headers: str) -> bytes:
    """A whole request."""
    body = json.dumps(said).encode()
    head = (f"POST {path} HTTP/1.1", "Host: bench", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers, "", "")
    return "\r\n".join(head).encode() + body


def firing(name: str) -> dict[str, object]:
    """An alert as Prometheus posts it to its Alertmanager."""
    return {
        "labels": {"alertname": "DiskWillFillIn4Hours", "instance": f"{name}:9100", "job": "node", "severity": "critical"},
        "annotations": {"summary": f"/var/lib/postgresql of {name} has 4 % left", "runbook": "https://runbooks.example.com/disk-full"},
        "startsAt": "2026-03-08T09:00:00.000Z",
        "generatorURL": "https://prometheus.example.com/graph?g0.expr=up",
    }


def notification(key: str, names: Sequence[str]) -> bytes:
    """What Alertmanager's webhook posts of so many alerts."""
    alerts = [{"status": "firing", "endsAt": "0001-01-01T00:00:00Z", "fingerprint": f"fp/{name}", **firing(name)} for name in names]
    group = {"groupLabels": {}, "commonLabels": {"job": "node"}, "commonAnnotations": {}, "externalURL": "http://alertmanager.example.com"}
    return post(f"/intake/{key}", {"version": "4", "status": "firing", "receiver": "us", "groupKey": "{}", **group, "alerts": alerts})


@dataclass(frozen=True, slots=True)
class Storm:
    """Different requests, the first `known` of them on open keys, and the order (by position) in which they are sent, over and over."""

    requests: tuple[bytes, ...]
    order: tuple[int, ...]
    known: int = 0

    def new(self, sent: int) -> int:
        """How many keys nobody had seen before are among the first `sent`."""
        return len({position for position in self.order[:sent] if position >= self.known})


def storm(
    routing_key: str,
    name: str,
    *,
    known: int = 200,
    new_in: int = 100,
    sends: int = 50_000,
    request: Callable[[str], bytes] | None = None,
) -> Storm:
    """Triggers on `known` dedup keys that are open already, drawn at random; each `new_in`-th has a key that nobody has seen yet. They are
    PagerDuty's, or those that `request` makes of a key.
    """
    draw = random.Random(name)
    new = sends // new_in
    keys = [*(f"known/{n}" for n in range(known)), *(f"{name}/{n}" for n in range(new))]
    order = tuple(known + n // new_in if n % new_in == 0 else draw.randrange(known) for n in range(sends))
    return Storm(tuple((request or (lambda key: trigger(routing_key, key)))(key) for key in keys), order, known)


def each_once(requests: Iterable[bytes]) -> Storm:
    kept = tuple(requests)
    return Storm(kept, tuple(range(len(kept))))


def look_up(service_id: str) -> bytes:
    return (
        f"GET /api/v1/oncalls?service_id={service_id} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {ADMIN_KEY}\r\n"
        "Accept: application/json\r\n\r\n"
    ).encode()


def look_at(path: str) -> bytes:
    """As a browser of somebody who has not been here before."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: */*\r\n\r\n".encode()


async def publish(port: int, made: World, *, incidents: int = 20) -> None:
    """A status page, /status/bench, with as much on it as fits."""
    root = f"http://127.0.0.1:{port}"
    async with AsyncClient(base_url=root, headers={"Authorization": f"Bearer {ADMIN_KEY}"}, timeout=30) as api:
        shown = [{"service_id": made.acknowledged_service, "name": "Checkout"}]
        said = {"name": "Bench", "slug": "bench", "public": True, "groups": [{"name": "Shop", "services": shown}]}
        (await api.post("/api/v1/status-feeds", json=said)).raise_for_status()
        for n in range(incidents):
            payload = {"summary": "s", "source": "h", "severity": "critical"}
            event = {"event_action": "trigger", "dedup_key": f"published/{n}", "payload": payload}
            answer = (await api.post(f"/intake/{made.acknowledged_key}", json=event)).raise_for_status()
            path = f"/api/v1/incidents/{answer.json()['events'][0]['incident_id']}/status-updates"
            for state in ("investigating", "resolved"):
                words = {"text": f"We look into it, **{n}**.", "audience": "public", "title": f"Incident {n}", "state": state}
                (await api.post(path, json=words)).raise_for_status()


# --- the database -----------------------------------------------------------------------------------------------------------


def dsn_of(data_dir: Path) -> str:
    return plain_dsn(f"postgresql://oncall@/oncall?host={data_dir / 'pg'}&port={PORT}")


async def keep_commit_times(data_dir: Path) -> None:
    """From the next start on PostgreSQL remembers when each transaction committed; lateness is measured by that."""
    connection = await asyncpg.connect(host=f"{data_dir / 'pg'}", port=PORT, user="postgres", database="postgres")
    try:
        await connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    finally:
        await connection.close()


async def totals(db: asyncpg.Connection) -> Totals:
    row = await db.fetchrow(
        "SELECT (SELECT count(*) FROM events) AS events, (SELECT coalesce(sum(event_count), 0)::bigint FROM alerts) AS counted, "
        "(SELECT count(*) FROM incidents) AS incidents"
    )
    return Totals(row["events"], row["counted"], row["incidents"])


async def fsyncs(db: asyncpg.Connection) -> int:
    """How often PostgreSQL made its log safe on disk, since it was started."""
    if await db.fetchval("SELECT current_setting('server_version_num')::int") >= 180000:
        return int(await db.fetchval("SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal'"))
    return int(await db.fetchval("SELECT wal_sync FROM pg_stat_wal"))


async def durability(db: asyncpg.Connection) -> dict[str, str]:
    """The settings without which a 202 promises nothing, as the application's own role has them."""
    return {name: await db.fetchval("SELECT current_setting($1)", name) for name in ("fsync", "synchronous_commit", "full_page_writes")}
