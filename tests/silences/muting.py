"""What the tests of muting are made of: an alert, a silence, a window, an inhibition, in few words."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from httpx import Response

from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import AlertId, ServiceId, new_id
from oncall.kit.matchers import parse_matchers
from oncall.silences.adapters.recurring import canonical, timetable_of
from oncall.silences.values.inhibitions import Inhibition, InhibitionId
from oncall.silences.values.muting import AlertFacts
from oncall.silences.values.silences import Silence, SilenceId
from oncall.silences.values.windows import Once, Plan, Recurring, Timetable, Window, WindowId, WindowKind

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANA = Actor(ActorKind.USER, UUID(int=7), "Ana", "api")
WEB, SHOP = ServiceId(UUID(int=1)), ServiceId(UUID(int=2))


def at(text: str) -> datetime:
    """2026-03-02T14:00 in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def alert(service: ServiceId = WEB, opened: datetime = NOW, **labels: str) -> AlertFacts:
    return AlertFacts(AlertId(UUID(int=9)), service, labels, opened)


def silence(
    matchers: str, *, service: ServiceId | None = None, start: datetime = NOW, end: datetime = NOW + HOUR, why: str = "deploy"
) -> Silence:
    return Silence(SilenceId(new_id()), parse_matchers(matchers), service, start, end, why, ANA, NOW)


def window(
    plan: Plan,
    matchers: str = "",
    *,
    services: tuple[ServiceId, ...] = (),
    kind: WindowKind = WindowKind.MAINTENANCE,
    ended: tuple[datetime, ...] = (),
    made: datetime = NOW - 366 * DAY,
    name: str = "upgrade",
) -> Timetable:
    made = Window(WindowId(new_id()), kind, name, "", services, parse_matchers(matchers), plan, ANA, made, ended)
    return timetable_of(made)


def once(start: datetime = NOW, end: datetime = NOW + HOUR) -> Once:
    return Once(start, end)


def recurring(rrule: str, start: str, duration: timedelta, zone: str = "UTC", until: datetime | None = None) -> Recurring:
    return Recurring(canonical(rrule), zone, datetime.fromisoformat(start), duration, until)


def inhibition(source: str, target: str, *equal: str, name: str = "critical over warning") -> Inhibition:
    return Inhibition(InhibitionId(new_id()), name, parse_matchers(source), parse_matchers(target), equal, NOW)


def problem(answer: Response) -> tuple[int, str]:
    body: dict[str, Any] = answer.json()
    return answer.status_code, body["code"]
