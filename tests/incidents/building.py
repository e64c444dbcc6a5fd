"""Incidents, events and alerts as values, and the shortest way to hand events over."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from tests.system import System, to

from oncall.contacts.values import Urgency
from oncall.escalation.values import EscalationState, Policy, Position, Snapshot, Step, Target, TargetType
from oncall.incidents.commands.accept import accept_events
from oncall.incidents.values import Action, Alert, Body, Decided, Event, Incident, Severity, Status
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.db import Pool
from oncall.kit.ids import AlertId, EventId, IncidentId, IntegrationId, PolicyId, ServiceId, UserId, new_id

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ANA, BEN = (Actor(ActorKind.USER, UUID(int=n), name, "api") for n, name in ((1, "Ana"), (2, "Ben")))
PROMETHEUS = Actor(ActorKind.INTEGRATION, UUID(int=9), "prometheus", "intake")
SERVICE = ServiceId(UUID(int=7))


def target(actor: Actor) -> Target:
    assert actor.id is not None
    return Target(TargetType.USER, actor.id)


POLICY = Policy(PolicyId(UUID(int=8)), "P", None, 2, (Step(5 * MINUTE, (target(ANA),)), Step(5 * MINUTE, (target(BEN),))))


def incident(**changes: Any) -> Incident:
    """One that was triggered now and has fired its first step."""
    made = Incident(
        id=IncidentId(UUID(int=5)),
        number=1,
        service_id=SERVICE,
        title="Disk full",
        status=Status.TRIGGERED,
        severity=Severity.CRITICAL,
        urgency=Urgency.HIGH,
        snapshot=Snapshot(POLICY),
        position=Position(1, 1, 1),
        escalation_state=EscalationState.RUNNING,
        escalation_reason="step 1 of policy P fired in round 1",
        escalation_since=NOW,
        step_at=NOW + 5 * MINUTE,
        next_at=NOW + 5 * MINUTE,
        ack_timeout=30 * MINUTE,
        reopen_window=15 * MINUTE,
        triggered_at=NOW,
    )
    return replace(made, **changes)


def event(dedup_key: str = "disk", action: Action = Action.TRIGGER, severity: Severity = Severity.CRITICAL, **more: Any) -> Event:
    id = EventId(new_id())
    made = Event(id, IntegrationId(UUID(int=9)), "prometheus", SERVICE, action, dedup_key, severity, "Disk full", Body(id, "", b"{}"))
    return replace(made, **more)


def alert(*, is_open: bool = True, severity: Severity = Severity.CRITICAL, acknowledged: bool = False) -> Alert:
    return Alert(AlertId(UUID(int=3)), SERVICE, "disk", is_open, severity, acknowledged, IncidentId(UUID(int=5)))


class Monitor:
    """Hands events to one service past the front door: `await monitor.says(monitor.event("disk"), …)` is one transaction."""

    def __init__(self, system: System, made: dict[str, Any]) -> None:
        self.system = system
        self.service_id, self.integration_id = ServiceId(UUID(made["service"]["id"])), IntegrationId(UUID(made["integration"]["id"]))

    def event(self, dedup_key: str = "disk", action: str = "trigger", severity: str = "critical", **more: Any) -> Event:
        at = {"service_id": self.service_id, "integration_id": self.integration_id}
        return event(dedup_key, Action(action), Severity(severity), **at, **more)

    async def says(self, *events: Event) -> list[Decided]:
        async with self.system.node.database.relying(Pool.INTAKE) as tx:
            return await accept_events(tx, events, self.system.node.judging, now=self.system.clock.at)


async def monitored(system: System, **more: Any) -> Monitor:
    """A service whose policy pages Ana, then Ben, and its monitor."""
    ana, ben = await system.user("Ana"), await system.user("Ben")
    return Monitor(system, await system.service([to(ana)], [to(ben)], **more))


WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


async def rows(system: System, query: Any) -> list[tuple[Any, ...]]:
    async with system.node.database.transaction(read_only=True) as tx:
        return [tuple(row) for row in await tx.execute(text(query) if isinstance(query, str) else query)]


async def blocked(system: System) -> None:
    """Until a session of this database waits for a lock."""
    async with asyncio.timeout(5):
        while not (await rows(system, WAITING))[0][0]:
            await asyncio.sleep(0.005)


def user_id(actor: Actor) -> UserId:
    assert actor.id is not None
    return UserId(actor.id)
