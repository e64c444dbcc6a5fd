"""Histories made through the front door, minute by minute, and what a replay says of them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import text
from tests.system import System, to

from oncall.kit.db import Pool

NEXT = text("SELECT min(next_at) AS at FROM incidents WHERE next_at IS NOT NULL")


@dataclass
class Life:
    """A system in which things happen at instants of their own: whatever falls due between them is done in its very instant."""

    system: System
    keys: list[str] = field(default_factory=list)
    services: list[dict[str, Any]] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.system.clock.at

    async def next_due(self) -> datetime | None:
        async with self.system.node.database.transaction(Pool.API, read_only=True) as tx:
            return (await tx.execute(NEXT)).scalar_one()

    async def until(self, at: datetime) -> None:
        """Let time pass, from one due instant to the next."""
        while (due := await self.next_due()) is not None and due < at:
            self.system.clock.at = max(due, self.system.clock.at)
            await self.system.run_due()
        self.system.clock.at = at
        await self.system.run_due()

    async def after(self, **by: float) -> None:
        await self.until(self.now + timedelta(**by))

    async def service(self, *users: dict[str, Any], name: str, **more: Any) -> dict[str, Any]:
        """One whose policy pages these people, one after the other."""
        steps = [{"delay": "PT5M", "targets": [to(user)]} for user in users]
        policy = await self.system.make("escalation-policies", name=f"of {name}", steps=steps, repeat=1)
        made = await self.system.make("services", name=name, escalation_policy_id=policy["id"], **more)
        integration = await self.system.make(f"services/{made['id']}/integrations", name=f"prod {name}", type="pagerduty")
        self.keys.append(integration["key"])
        self.services.append(made)
        return made | {"key": integration["key"], "integration": integration}

    async def says(self, key: str, dedup_key: str, action: str = "trigger", severity: str = "error", **labels: str) -> dict[str, Any]:
        payload = {"summary": f"{dedup_key} is bad", "source": "db-1", "severity": severity, "custom_details": labels}
        body = {"event_action": action, "dedup_key": dedup_key, "payload": payload}
        answer = await self.system.api.post(f"/intake/{key}", json=body)
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()["events"][0]
        self.system.clock.advance(timedelta(microseconds=10))  # no two transactions are in one instant
        await self.system.run_due()
        return found

    async def verb(self, incident: str, verb: str, user: dict[str, Any]) -> None:
        answer = await self.system.api.post(f"/api/v1/incidents/{incident}/{verb}", json={"user_id": user["id"]})
        assert answer.status_code == 200, answer.text
        self.system.clock.advance(timedelta(microseconds=10))
        await self.system.run_due()


async def replayed(system: System, since: datetime, until: datetime | None = None, **more: Any) -> dict[str, Any]:
    body = {"since": since.isoformat(), **({"until": until.isoformat()} if until else {}), **more}
    answer = await system.api.post("/api/v1/replay", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def random_life(life: Life, seed: int, events: int) -> None:
    """Several services with every setting there is, and everything that may happen to their alerts, in an order that the seed makes."""
    chance, system = Random(seed), life.system
    ana, ben, cy = [await system.user(name) for name in ("Ana", "Ben", "Cy")]
    people = [ana, ben, cy]
    made = [
        await life.service(ana, ben, name="plain"),
        await life.service(ben, name="grouped", grouping={"type": "labels", "labels": ["host"]}),
        await life.service(cy, ana, name="together", grouping={"type": "window", "window": "PT1H"}, reopen_window="PT5M"),
        await life.service(ana, name="patient", delay={"for": "PT3M"}, threshold={"count": 3, "within": "PT10M"}),
        await life.service(ben, cy, name="flappy", flapping={"changes": 3, "within": "PT20M", "settle": "PT10M"}),
        await life.service(cy, name="quiet", urgency="low", ack_timeout="PT10M"),
    ]
    await system.make(
        "inhibitions", name="host down", source_matchers=["dedup_key=k0"], target_matchers=["host=a", "dedup_key!=k0"], equal=["host"]
    )
    await system.make("routing-rules", name="errors of b", matchers=["host=b", "severity=error"], service_id=made[0]["id"])
    await system.make("routing-rules", name="low c", matchers=["host=c"], urgency="low", add_labels={"routed": "yes"}, **{"continue": True})
    incidents: list[str] = []
    for _ in range(events):
        await life.after(seconds=chance.choice([1, 5, 20, 60, 150, 400]) + chance.random())
        what = chance.random()
        if what < 0.80:
            service, n = chance.choices(made, [2, 4, 4, 2, 2, 2])[0], chance.randrange(6)
            action = chance.choices(["trigger", "resolve", "acknowledge"], [6, 4, 0.5])[0]
            severity = chance.choices(["critical", "error", "warning", "info"], [1, 4, 3, 1])[0]
            came = await life.says(service["key"], f"k{n}", action, severity, host="aabbca"[n])
            if came["incident_id"]:
                incidents.append(came["incident_id"])
        elif what < 0.90 and incidents:
            await life.verb(chance.choice(incidents[-6:]), chance.choices(["acknowledge", "resolve"], [3, 1])[0], chance.choice(people))
        elif what < 0.95:
            start, end = life.now + timedelta(minutes=chance.choice([0, 0, 5])), life.now + timedelta(minutes=chance.choice([8, 20, 45]))
            matchers = [chance.choice(["host=a", "host=b", "severity=warning", "dedup_key=k1", "service=plain"])]
            body = {"matchers": matchers, "starts_at": start.isoformat(), "ends_at": end.isoformat(), "comment": "deploy"}
            await system.make("silences", **body)
            await system.run_due()
        elif what < 0.98:
            # Some are planned late, when they should run already.
            start, end = life.now - timedelta(minutes=chance.choice([0, 0, 10])), life.now + timedelta(minutes=chance.choice([6, 15, 40]))
            its = [chance.choice(made)["id"]]
            body = {"name": "works", "service_ids": its, "starts_at": start.isoformat(), "ends_at": end.isoformat()}
            await system.make("maintenance-windows", **body)
            await system.run_due()
        else:
            running = (await system.api.get("/api/v1/silences", params={"state": "active"})).json()["items"]
            if running:
                await system.api.post(f"/api/v1/silences/{running[0]['id']}/expire")
                await system.run_due()
    await life.after(minutes=1)
