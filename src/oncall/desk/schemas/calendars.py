"""What calendars look like over REST."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from oncall.desk.values.calendars import MOST_DATES, MOST_SPANS, Calendar, CalendarSettings, Holidays, Week, Weekday
from oncall.kit.http import Instant, Name, ReadOnly, Shown, Strict

Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Until = Annotated[str, StringConstraints(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]


class SpanShape(Strict):
    """From one time of the day up to another, as the clock on the wall shows them; midnight at the end of a day is 24:00."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    start: Clock = Field(alias="from")
    until: Until


class HolidaysShape(Strict):
    """Public ones by country (two letters) and part of it, and own dates."""

    country: Annotated[str, StringConstraints(max_length=2)] | None = None
    subdivision: Annotated[str, StringConstraints(max_length=10)] | None = None
    dates: Annotated[list[date], Field(max_length=MOST_DATES)] = Field(default_factory=list)


Spans = Annotated[list[SpanShape], Field(max_length=MOST_SPANS)]


class CalendarIn(Strict):
    """When somebody works. Days that are left out have no hours."""

    name: Name
    time_zone: Annotated[str, StringConstraints(max_length=64)] = "UTC"
    hours: dict[Weekday, Spans] = Field(examples=[{"monday": [{"from": "09:00", "until": "17:00"}]}])
    holidays: HolidaysShape = HolidaysShape()

    def spans(self) -> Mapping[Weekday, list[tuple[str, str]]]:
        return {day: [(span.start, span.until) for span in spans] for day, spans in self.hours.items()}

    def settings(self, week: Week) -> CalendarSettings:
        said = self.holidays
        subdivision = said.subdivision if said.country else None
        return CalendarSettings(self.name, self.time_zone, week, Holidays(said.country, subdivision, tuple(sorted(set(said.dates)))))


class CalendarEdit(CalendarIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None
    created_at: ReadOnly = None


class CalendarOut(Shown):
    id: UUID
    name: str
    time_zone: str
    hours: dict[Weekday, list[SpanShape]]
    holidays: HolidaysShape
    created_at: Instant

    @classmethod
    def of(cls, calendar: Calendar, hours: Mapping[Weekday, list[tuple[str, str]]]) -> Self:
        its = calendar.settings
        return cls(
            id=calendar.id,
            name=its.name,
            time_zone=its.time_zone,
            hours={day: [SpanShape(start=start, until=until) for start, until in spans] for day, spans in hours.items()},
            holidays=HolidaysShape(country=its.holidays.country, subdivision=its.holidays.subdivision, dates=list(its.holidays.dates)),
            created_at=calendar.created_at,
        )


class OpeningOut(Shown):
    """Whether it is open at an instant, since or from when on, and until when; null: it never closes."""

    is_open: bool
    opens_at: Instant
    closes_at: Instant | None
