"""What a simulation is asked and answers over REST."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from oncall.escalation.values import EscalationState
from oncall.incidents.values import Decision, Severity, Status
from oncall.kit.http import Duration, Instant, Name, Shown, Strict
from oncall.kit.ids import IntegrationId, ServiceId, UserId
from oncall.simulate.values.replaying import Verb
from oncall.simulate.values.simulating import Asked, EventAsked, Paging, Reaction, Simulated, SimulatedStep

MOST_REACTIONS = 50
MOST_LABELS = 64

Word = Annotated[str, StringConstraints(max_length=255)]

EXAMPLE: dict[str, Any] = {
    "service_id": "01990000-0000-7000-8000-000000000001",
    "event": {"severity": "critical"},
    "at": "2026-03-08T03:00:00Z",
    "reactions": [{"after": "PT7M", "action": "acknowledge", "user_id": "01990000-0000-7000-8000-000000000002"}],
}


class EventIn(Strict):
    """What a monitor would say. `integration_id`: through which it comes, so that routing rules are asked."""

    integration_id: IntegrationId | None = None
    severity: Severity = Severity.CRITICAL
    summary: Annotated[str, StringConstraints(min_length=1, max_length=1_024)] = "Simulated"
    dedup_key: Annotated[str, StringConstraints(min_length=1, max_length=255)] = "simulated"
    source: Word = ""
    component: Word = ""
    group: Word = ""
    class_: Annotated[Word, Field(alias="class")] = ""
    labels: Annotated[Mapping[Name, Annotated[str, StringConstraints(max_length=1_024)]], Field(max_length=MOST_LABELS)] = {}


class ReactionIn(Strict):
    """What somebody does so long after the event; without a `user_id` it is whoever asks."""

    after: Duration
    action: Verb
    user_id: UserId | None = None


class SimulateIn(Strict):
    """One event, straight to a service (`service_id`) or through an integration (`event.integration_id`). `at` is now unless it is said, at
    most 31 days back or 366 ahead; `until` a day later unless it is said, and 7 days later at most.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    service_id: ServiceId | None = None
    event: EventIn = EventIn()
    at: Instant | None = None
    until: Instant | None = None
    reactions: Annotated[Sequence[ReactionIn], Field(max_length=MOST_REACTIONS)] = ()

    def to_asked(self) -> Asked:
        said = self.event
        event = EventAsked(
            said.integration_id,
            self.service_id,
            said.severity,
            said.summary,
            said.dedup_key,
            said.source,
            said.component,
            said.group,
            said.class_,
            dict(said.labels),
        )
        return Asked(event, self.at, self.until, [Reaction(one.after, one.action, one.user_id) for one in self.reactions])


class Called(Shown):
    id: UUID
    name: str


class MessageShown(Shown):
    at: Instant
    channel: str
    address: str
    cancelled: bool = Field(description="Somebody had it, or it was over, before this was to be sent.")
    only_after_failure: bool = Field(description="Sent only if the message before it failed, which none does in a simulation.")


class PagingShown(Shown):
    """One person paged; where they are not `reachable` by a way known to work, the next step waits for nobody."""

    user: Called
    because: str
    messages: Sequence[MessageShown]
    ways_because: str
    reachable: bool

    @classmethod
    def of(cls, one: Paging) -> Self:
        messages = [MessageShown.model_validate(message) for message in one.messages]
        return cls(
            user=Called(id=one.user_id, name=one.name),
            because=one.because,
            messages=messages,
            ways_because=one.ways_because,
            reachable=one.reachable,
        )


class NoteShown(Shown):
    """What else was decided, `kind` as the timeline has it: a step that fired or was skipped, what holds it, the end of a round."""

    kind: str
    because: str
    level: int | None = Field(description="The step it is about, counted from 1.")


class StepShown(Shown):
    """One instant: `reaction`, `paged`, or the kind of its last note."""

    at: Instant
    kind: str
    text: str
    pages: Sequence[PagingShown]
    notes: Sequence[NoteShown]

    @classmethod
    def of(cls, one: SimulatedStep) -> Self:
        notes = [
            NoteShown(kind=note.kind, because=note.reason, level=note.position.step + 1 if note.position else None) for note in one.notes
        ]
        return cls(at=one.at, kind=one.kind, text=one.text, pages=[PagingShown.of(page) for page in one.pages], notes=notes)


class NextShown(Shown):
    action: str
    at: Instant


class EndShown(Shown):
    """The incident as it would be."""

    status: Status
    escalation_state: EscalationState
    reason: str
    next: Sequence[NextShown]


class SimulatedOut(Shown):
    """The whole page path. `end` is null where no incident would be open; `is_cut`: more steps would have come than are worked out."""

    at: Instant
    until: Instant
    service: Called
    decision: Decision
    reason: str
    steps: Sequence[StepShown]
    end: EndShown | None
    is_cut: bool

    @classmethod
    def of(cls, made: Simulated) -> Self:
        end = made.end
        return cls(
            at=made.at,
            until=made.until,
            service=Called(id=made.service_id, name=made.service),
            decision=made.decided.decision,
            reason=made.decided.reason,
            steps=[StepShown.of(one) for one in made.steps],
            end=EndShown(
                status=end.status,
                escalation_state=end.escalation_state,
                reason=end.escalation_reason,
                next=[NextShown.model_validate(action) for action in made.next],
            )
            if end
            else None,
            is_cut=made.is_cut,
        )
