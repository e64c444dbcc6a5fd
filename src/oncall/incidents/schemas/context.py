"""What the first diagnosis of an incident looks like over REST."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from oncall.desk.values import Priority
from oncall.incidents.schemas.alerts import DELETED
from oncall.incidents.schemas.change_events import ChangeEventOut
from oncall.incidents.schemas.incidents import AlertOut, By, IncidentOut, Named
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.context import Around, Context
from oncall.incidents.values.similar import Known, Similar
from oncall.kit.http import Instant, Listed, Shown


class BriefOut(Shown):
    """An incident in few words."""

    id: UUID
    number: int
    title: str
    status: Status
    priority: Priority | None
    created_at: Instant


class OnDependencyOut(BriefOut):
    service: Named

    @classmethod
    def of(cls, incident: Incident, around: Around) -> Self:
        return cls(
            **brief(incident).model_dump(), service=Named(id=incident.service_id, name=around.names.get(incident.service_id, DELETED))
        )


class SimilarOut(BriefOut):
    """One whose title says much the same, and how it ended."""

    likeness: float = Field(description="0 to 1: the share of the words of both titles that are the same.")
    reason: str
    resolved_at: Instant | None
    resolved_by: By | None
    resolution_code: str | None
    resolution_text: str

    @classmethod
    def of(cls, one: Similar) -> Self:
        return cls(
            **brief(one.incident).model_dump(),
            likeness=one.likeness,
            reason=one.reason,
            resolved_at=one.incident.resolved_at,
            resolved_by=By.of(one.incident.resolved_by),
            resolution_code=one.record.resolution_code if one.record else None,
            resolution_text=one.record.resolution_text if one.record else "",
        )


class KnownOut(Shown):
    """A problem that may be behind it; the whole of it is `GET /problems/{problem_id}`."""

    problem_id: UUID
    title: str
    status: str = Field(description="`open`, `known_error` or `resolved`: one that was repaired and is back.")
    root_cause: str
    workaround: str
    resolution: str
    score: float = Field(description="0 to 1: words in common, the same service, a workaround that is known.")
    reason: str


class SimilarListed(Listed[SimilarOut]):
    problems: Sequence[KnownOut] = Field(description="The ten problems that may be behind it, the likeliest first.")

    @classmethod
    def of(cls, found: Sequence[Similar], problems: Sequence[Known]) -> Self:
        return cls(items=[SimilarOut.of(one) for one in found], problems=[KnownOut.model_validate(one) for one in problems])


class IncidentLogged(IncidentOut):
    """What was logged, and what may be behind it."""

    problems: Sequence[KnownOut] = Field(description="The ten problems that may be behind it, the likeliest first.")


class ContextOut(Shown):
    """What to know first. Each list has its most; the whole of alerts and of change events is behind routes of their own."""

    runbook_url: str | None
    alerts: Sequence[AlertOut] = Field(description="Its first ten.")
    changes: Sequence[ChangeEventOut] = Field(description="Of its service and of what that depends on; the newest twenty.")
    similar: Sequence[SimilarOut] = Field(description="The ten most alike: past and open ones of its service, open ones of others.")
    open_on_dependencies: Sequence[OnDependencyOut] = Field(description="The newest twenty that are open on what its service depends on.")
    problems: Sequence[KnownOut] = Field(description="The ten problems that may be behind it, the likeliest first.")

    @classmethod
    def of(cls, seen: Context, changes: Sequence[ChangeEventOut], *, now: datetime) -> Self:
        return cls(
            runbook_url=seen.around.runbook_url,
            alerts=[AlertOut.of(alert, now=now) for alert in seen.alerts],
            changes=changes,
            similar=[SimilarOut.of(one) for one in seen.similar],
            open_on_dependencies=[OnDependencyOut.of(one, seen.around) for one in seen.on_dependencies],
            problems=[KnownOut.model_validate(one) for one in seen.problems],
        )


def brief(incident: Incident) -> BriefOut:
    return BriefOut(
        id=incident.id,
        number=incident.number,
        title=incident.title,
        status=incident.status,
        priority=incident.priority,
        created_at=incident.triggered_at,
    )
