"""What the routes about contact methods and notification rules take and show."""

from datetime import time, timedelta
from typing import Annotated, Literal, Self, get_args
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, field_serializer, model_validator

from oncall.contacts.values import RangOnSilent, Repeat, Urgency, shown_address
from oncall.kit.http import Duration, Instant, ReadOnly, Shown, Strict
from oncall.kit.ids import ContactMethodId, TeamId, UserId
from oncall.teams.values import DAYS, QuietHours


class ContactMethodIn(Strict):
    """An address on a channel; only an admin may say that it is verified."""

    channel: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    address: Annotated[str, StringConstraints(min_length=1, max_length=2048)]
    verified: bool = False


class LastTestShown(Shown):
    """`round_trip` is from `sent_at` (when it was asked for) to the first answer."""

    sent_at: Instant
    accepted_at: Instant | None = Field(description="When its provider took it")
    answered_at: Instant | None = Field(description="When somebody who got it first answered")
    round_trip: Duration | None
    rang_on_silent: RangOnSilent | None = Field(description="What they said last: whether it rang although the phone was silent")


class MethodShown(Shown):
    """What is shown of an address, whoever it belongs to; of one that is a secret only what kind of thing it is."""

    id: ContactMethodId
    channel: str
    address: str
    verified: bool
    verified_at: Instant | None
    created_at: Instant
    last_proven_at: Instant | None = Field(description="When a page, a test or a code last left us for it")
    last_failed_at: Instant | None = Field(description="When one last did not, or without a clear answer")
    last_error: str | None = Field(description="Why it did not")
    last_test: LastTestShown | None = None

    @field_serializer("address")
    def _shown(self, address: str) -> str:
        return shown_address(self.channel, address)


class ContactMethodShown(MethodShown):
    user_id: UserId


class TeamContactMethodShown(MethodShown):
    """What a policy points at as a channel, by this `id`."""

    team_id: TeamId


class TeamContactMethodMade(TeamContactMethodShown):
    """`signing_secret` is what a webhook's receiver verifies our signature with; this answer is the only one that shows it."""

    signing_secret: str | None


class ContactMethodMade(ContactMethodShown):
    """`signing_secret` is what a webhook's receiver verifies our signature with; this answer is the only one that shows it."""

    signing_secret: str | None


Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def _on_the_clock(value: time) -> time:
    if value.tzinfo is not None or value.microsecond:
        raise ValueError("must be a time of the person's own clock in whole seconds, without an offset")
    return value


ClockTime = Annotated[time, AfterValidator(_on_the_clock)]


class QuietHoursIn(Strict):
    """When the person is not paged at low urgency, by their own clock: past midnight where the end is earlier than the start; `days` are
    those on which it begins. What is of high urgency pages them all the same.
    """

    start_time: ClockTime
    end_time: ClockTime
    days: Annotated[list[Day], Field(min_length=1, max_length=7)] = Field(default_factory=lambda: list(get_args(Day)))

    @model_validator(mode="after")
    def _end(self) -> Self:
        if self.start_time == self.end_time:
            raise ValueError("start_time and end_time must differ: quiet hours that never end would hold pages for ever")
        return self

    def to_quiet_hours(self) -> QuietHours:
        return QuietHours(self.start_time, self.end_time, tuple(day for day in DAYS if day in self.days))


class QuietHoursShown(Shown):
    start_time: time
    end_time: time
    days: list[str]


def _a_minute_to_an_hour(value: timedelta) -> timedelta:
    if not timedelta(minutes=1) <= value <= timedelta(hours=1):
        raise ValueError("must be between PT1M and PT1H")
    return value


class RepeatIn(Strict):
    """The same message again `every` so often until somebody acknowledges, `at_most` so many times after the first."""

    every: Annotated[Duration, AfterValidator(_a_minute_to_an_hour)]
    at_most: Annotated[int, Field(ge=1, le=20, strict=True)]

    def to_repeat(self) -> Repeat:
        return Repeat(self.every, self.at_most)


class NotificationRuleIn(Strict):
    """For this urgency, after `delay`, use this contact method; with `repeat`, again and again until somebody acknowledges.

    With `only_after_failure`, only when the message of the rule before it (by `delay`) failed: then at once.
    """

    urgency: Urgency
    delay: Duration
    contact_method_id: ContactMethodId
    repeat: RepeatIn | None = None
    only_after_failure: bool = False


class NotificationRuleEdit(NotificationRuleIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None
    user_id: ReadOnly = None
    created_at: ReadOnly = None


class RepeatShown(Shown):
    every: Duration
    at_most: int


class NotificationRuleShown(Shown):
    id: UUID
    user_id: UserId
    urgency: Urgency
    delay: Duration
    contact_method_id: ContactMethodId
    repeat: RepeatShown | None
    only_after_failure: bool
    created_at: Instant


class NotificationRuleMade(NotificationRuleShown):
    """`warning` says why the rule does nothing yet, if that is so."""

    warning: str | None
