"""Everything that mutes, made ready to be asked of one alert after the other, and the question itself. Pure.

Silences are found by an index of their matchers within their service, windows by service or matchers, and where a window is by
bisection in what was worked out when it was compiled: neither is scanned.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from oncall.kit.ids import ServiceId
from oncall.kit.matchers import Index, Matcher, Matchers, Operator, match
from oncall.silences.rules.scopes import shown
from oncall.silences.rules.windows import occurrence_at, occurrences
from oncall.silences.values.inhibitions import Inhibition
from oncall.silences.values.muting import AlertFacts, Muting, MutingKind
from oncall.silences.values.silences import Silence
from oncall.silences.values.windows import Occurrence, Timetable, WindowKind

T = TypeVar("T")

AHEAD = timedelta(days=2)
"""How far occurrences are worked out ahead; what is compiled is made anew once a day, and beyond that they are worked out when asked."""


@dataclass(frozen=True, slots=True)
class CompiledWindow:
    """A window with its occurrences in `[since, until)`, by start."""

    timetable: Timetable
    since: datetime
    until: datetime
    occurrences: tuple[Occurrence, ...]
    starts: tuple[datetime, ...]

    def at(self, at: datetime) -> Occurrence | None:
        if not self.since <= at < self.until:
            return occurrence_at(self.timetable, at)
        i = bisect_right(self.starts, at) - 1
        return self.occurrences[i] if i >= 0 and at < self.occurrences[i].end else None


@dataclass(frozen=True, slots=True)
class Mutings:
    """All that mutes now or will, as of when it was compiled."""

    silences: Mapping[ServiceId | None, Index[Silence]]
    windows: Sequence[CompiledWindow]
    windows_of: Mapping[ServiceId, Sequence[CompiledWindow]]
    windows_anywhere: Index[CompiledWindow]
    sources: Index[Inhibition]
    targets: Index[Inhibition]
    inhibitions: tuple[Inhibition, ...]

    def __bool__(self) -> bool:
        """Whether anything mutes at all."""
        return bool(self.silences or self.windows or self.inhibitions)


def compile_mutings(
    silences: Iterable[Silence],
    timetables: Iterable[Timetable],
    inhibitions: Iterable[Inhibition],
    *,
    ahead: timedelta = AHEAD,
    now: datetime,
) -> Mutings:
    """Freezes are left out: they mute nothing."""
    by_service: dict[ServiceId | None, list[Silence]] = {}
    for silence in silences:
        by_service.setdefault(silence.service_id, []).append(silence)
    windows = [_compiled(one, until=now + ahead, now=now) for one in timetables if one.window.kind is WindowKind.MAINTENANCE]
    of: dict[ServiceId, list[CompiledWindow]] = {}
    for compiled in windows:
        for service in compiled.timetable.window.service_ids:
            of.setdefault(service, []).append(compiled)
    rules = tuple(inhibitions)
    return Mutings(
        {service: _index([(one.matchers, one) for one in some]) for service, some in by_service.items()},
        windows,
        of,
        _index([(one.timetable.window.matchers, one) for one in windows if not one.timetable.window.service_ids]),
        _index([(rule.source, rule) for rule in rules]),
        _index([(rule.target, rule) for rule in rules]),
        rules,
    )


def mutings_on(mutings: Mutings, alert: AlertFacts, now: datetime) -> tuple[Muting, ...]:
    """What mutes this alert now: silences that are active, and windows in whose running occurrence it opened.

    Of one that was planned while it ran, only from then on: what opened before pages already, and goes on.
    """
    found: list[Muting] = []
    for service in (None, alert.service_id):
        if service in mutings.silences:
            found += [_silenced(one) for one in mutings.silences[service].find(alert.labels) if one.starts_at <= now < one.ends_at]
    windows = [*mutings.windows_anywhere.find(alert.labels)]
    windows += [one for one in mutings.windows_of.get(alert.service_id, ()) if match(one.timetable.window.matchers, alert.labels)]
    for window in windows:
        occurrence = window.at(now)
        if occurrence is not None and max(occurrence.start, window.timetable.window.created_at) <= alert.opened_at < occurrence.end:
            found.append(_held(window, occurrence))
    return tuple(found)


def _index(rows: Sequence[tuple[Matchers, T]]) -> Index[T]:
    """By the rarest value that each needs: where a thousand name severity="warning" first, what they differ in tells them apart."""
    needed = Counter((m.name, m.value) for matchers, _ in rows for m in matchers if m.operator is Operator.EQUAL and m.value)

    def rarity(matcher: Matcher) -> int:
        count = needed[matcher.name, matcher.value] if matcher.operator is Operator.EQUAL else 0
        return count or len(rows) + 1

    return Index([(tuple(sorted(matchers, key=rarity)), value) for matchers, value in rows])


def _compiled(timetable: Timetable, *, until: datetime, now: datetime) -> CompiledWindow:
    found = tuple(occurrences(timetable, since=now, until=until))
    return CompiledWindow(timetable, now, until, found, tuple(one.start for one in found))


def _silenced(silence: Silence) -> Muting:
    until = shown(silence.ends_at)
    reason = f"silenced by {silence.author.name} until {until}: {silence.comment}"
    return Muting(MutingKind.SILENCE, silence.id, silence.comment, silence.ends_at, reason)


def _held(window: CompiledWindow, occurrence: Occurrence) -> Muting:
    planned = window.timetable.window
    reason = f"held by the maintenance window “{planned.name}” of {planned.author.name} until {shown(occurrence.end)}"
    return Muting(MutingKind.MAINTENANCE, planned.id, planned.name, occurrence.end, reason)
