"""What mappings and their preview look like over REST."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from oncall.incidents.values import Action, Event, Severity
from oncall.kit.http import Instant, Shown, Strict


class PreviewIn(Strict):
    """A mapping to be tried (absent: the one that is stored), on a stored event's body or on one that is given here: JSON as it is,
    anything else as the text that was posted.

    `event_id` needs an admin key, since a stored body holds its sender's secrets. Of a stored event only the body is known; name the
    headers and the fields of the query that an expression asks for.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "mapping": {"rules": [{"event": {"summary": "TITLE", "dedup_key": {"named": [{"alarm": "ALARM_ID"}]}}}]},
                    "body": {"TITLE": "Disk full", "ALARM_ID": 9007199254740993},
                }
            ]
        }
    )

    mapping: dict[str, Any] | None = None
    event_id: UUID | None = None
    body: dict[str, Any] | list[Any] | str | bool | int | float | None = None
    content_type: str = Field("application/json", max_length=200)
    query: dict[str, str] = Field({})
    headers: dict[str, str] = Field({})

    @model_validator(mode="after")
    def _about_something(self) -> Self:
        if self.event_id is not None and self.body is not None:
            raise ValueError("give event_id or body, not both")
        if self.event_id is None and self.body is None and not self.query and not self.is_null:
            raise ValueError("give a body as it was posted, the event_id of one that is stored, or the query of a GET")
        return self

    @property
    def is_null(self) -> bool:
        """Whether the body is the JSON `null`, and not merely absent."""
        return self.body is None and "body" in self.model_fields_set and self.event_id is None and not self.query


class LinkOut(Shown):
    href: str
    text: str


class EventPreview(Shown):
    """The canonical event; `dedup_key` null: a problem of its own."""

    action: Action
    dedup_key: str | None
    severity: Severity
    summary: str
    source: str
    component: str
    group: str
    class_: str = Field(serialization_alias="class")
    labels: Mapping[str, str]
    links: Sequence[LinkOut]
    occurred_at: Instant | None
    expires_at: Instant | None
    delivery_id: str
    by: str
    details: Mapping[str, Any]

    @classmethod
    def of(cls, event: Event, *, has_key: bool) -> Self:
        return cls(
            action=event.action,
            dedup_key=event.dedup_key if has_key else None,
            severity=event.severity,
            summary=event.summary,
            source=event.source,
            component=event.component,
            group=event.group,
            class_=event.class_,
            labels=event.labels,
            links=[LinkOut(href=href, text=text) for href, text in event.links],
            occurred_at=event.occurred_at,
            expires_at=event.expires_at,
            delivery_id=event.delivery_id,
            by=event.by,
            details=event.details,
        )


class TriedOut(Shown):
    """One expression that was asked, what it gave (null: nothing), and why not if it could not be evaluated."""

    field: str
    expression: Any
    gave: Any
    why: str


class RuleAskedOut(Shown):
    """One condition, or split, of a rule."""

    rule: str
    expression: Any
    gave: Any
    why: str


class PreviewedOut(Shown):
    """One event as it would be. `unmapped`: the mapping reads nothing in it, so it is read as without one, and pages."""

    position: int | None = Field(description="Which part of the split it is, counted from 0.")
    rule: str
    became: Literal["mapped", "ignored", "unmapped", "unreadable"]
    why: str
    event: EventPreview
    tried: Sequence[TriedOut]
    warnings: Sequence[str]


class PreviewOut(Shown):
    """`mapping` as it was understood; `more`: events beyond the first hundred."""

    mapping: Mapping[str, Any]
    rules: Sequence[RuleAskedOut]
    events: Sequence[PreviewedOut]
    more: int
    warnings: Sequence[str]


class ReadyMappingOut(Shown):
    """A dialect as a mapping, to begin with."""

    type: str
    name: str
    mapping: Mapping[str, Any]
