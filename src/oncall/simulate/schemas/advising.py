"""What advice looks like. Each holds the very body that `POST /replay` takes."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import Field

from oncall.kit.http import Duration, Instant, Shown
from oncall.kit.ids import ServiceId
from oncall.services.schemas.services import ServiceOut
from oncall.services.values.profile import Profile
from oncall.silences.schemas.fields import MatcherShape, texts_of
from oncall.silences.schemas.windows import WindowIn
from oncall.silences.values.windows import WindowSettings
from oncall.simulate.schemas.replaying import ServiceNamed
from oncall.simulate.values.advising import Advice, Advised, Change


class AdviceShown(Shown):
    """One change of the service, and what it would have come to by the rules that page."""

    setting: str = Field(description="Of the service; or `maintenance_windows`, one more.")
    value: Any = Field(description="As `PATCH` of the service takes it, or `POST /maintenance-windows`.")
    sentence: str
    saved: int = Field(description="Pages that would not have been made; first steps, as in a replay.")
    missed: int = Field(description="Pages that would have been made and were not.")
    later: int = Field(description="Incidents that people acted on, and that would have paged later.")
    latest: Duration = Field(description="By how much the last of these.")
    replay: Mapping[str, Any] = Field(description="The body to send to `POST /replay`, which says each difference.")

    @classmethod
    def of(cls, one: Advice, asked: Advised) -> Self:
        value, id = _value(one.change), str(asked.service.id)
        proposed: dict[str, Any] = {"services": {id: {one.change.setting: value}}}
        if one.change.window is not None:
            proposed = {"maintenance_windows": [*map(_window, asked.windows), value]}
        return cls(
            setting=one.change.setting,
            value=value,
            sentence=one.change.sentence,
            saved=one.saved,
            missed=one.missed,
            later=one.later,
            latest=one.latest,
            replay={
                "since": asked.since.isoformat(),
                "until": asked.until.isoformat(),
                "service_id": id,
                "proposed": proposed,
            },
        )


class RejectedShown(Shown):
    """A change that was tried and is not to be made."""

    setting: str
    value: Any
    sentence: str
    why: str


class AdvisedShown(Shown):
    """Changes that would have spared people pages, and missed nothing that anybody acted on; what helps most first."""

    since: Instant
    until: Instant
    service: ServiceNamed
    incidents: int = Field(description="That opened in `[since, until)` and are over.")
    acted: int = Field(description="That people acted on in this time.")
    items: Sequence[AdviceShown]
    rejected: Sequence[RejectedShown]

    @classmethod
    def of(cls, found: Advised) -> Self:
        return cls(
            since=found.since,
            until=found.until,
            service=ServiceNamed(id=ServiceId(found.service.id), name=found.service.name),
            incidents=found.incidents,
            acted=found.acted,
            items=[AdviceShown.of(one, found) for one in found.advice],
            rejected=[
                RejectedShown(setting=one.change.setting, value=_value(one.change), sentence=one.change.sentence, why=one.why)
                for one in found.rejected
            ],
        )


def _window(settings: WindowSettings) -> Mapping[str, Any]:
    """As somebody would send it; it was checked when it was made, or by the replay."""
    matchers: list[str | MatcherShape] = [*texts_of(settings.matchers)]
    return WindowIn.model_construct(
        kind=settings.kind,
        name=settings.name,
        description=settings.description,
        service_ids=list(settings.service_ids),
        matchers=matchers,
        matches_everything=settings.confirmed,
        starts_at=settings.starts_at,
        ends_at=settings.ends_at,
        rrule=settings.rrule,
        time_zone=settings.time_zone,
        duration=settings.duration,
        until=settings.until,
        public=settings.public,
    ).model_dump(mode="json", exclude_none=True)


def _value(change: Change) -> Any:
    if change.window is not None:
        return _window(change.window)
    return ServiceOut.of(change.service, Profile()).model_dump(mode="json", by_alias=True)[change.setting]
