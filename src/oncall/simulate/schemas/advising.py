"""What advice looks like. Each holds the very body that `POST /replay` takes."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import Field

from oncall.kit.http import Duration, Instant, Shown
from oncall.kit.ids import ServiceId
from oncall.services.schemas.services import ServiceOut
from oncall.services.values.profile import Profile
from oncall.simulate.schemas.replaying import ServiceNamed
from oncall.simulate.values.advising import Advice, Advised, Change


class AdviceShown(Shown):
    """One change of the service, and what it would have come to by the rules that page."""

    setting: str = Field(description="Of the service.")
    value: Any = Field(description="As `PATCH` of the service takes it.")
    sentence: str
    saved: int = Field(description="Pages that would not have been made; first steps, as in a replay.")
    missed: int = Field(description="Pages that would have been made and were not.")
    later: int = Field(description="Incidents that people acted on, and that would have paged later.")
    latest: Duration = Field(description="By how much the last of these.")
    replay: Mapping[str, Any] = Field(description="The body to send to `POST /replay`, which says each difference.")

    @classmethod
    def of(cls, one: Advice, asked: Advised) -> Self:
        value = _value(one.change)
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
                "service_id": str(asked.service.id),
                "proposed": {"services": {str(asked.service.id): {one.change.setting: value}}},
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


def _value(change: Change) -> Any:
    return ServiceOut.of(change.service, Profile()).model_dump(mode="json", by_alias=True)[change.setting]
