"""Reports as CSV that a spreadsheet may open: no cell of it is a formula. Pure."""

from collections.abc import Iterable, Sequence

from oncall.reports.values.duties import Duties
from oncall.reports.values.measures import Apart, Loads, Measured, Spread

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of one; names are words of people and monitors."""

INCIDENTS = (
    "key",
    "name",
    "incidents",
    "open",
    "acknowledged",
    "no_action",
    "reopened",
    "pages",
    "acknowledge_median_seconds",
    "acknowledge_p95_seconds",
    "resolve_median_seconds",
    "resolve_p95_seconds",
    "acknowledged_late",
    "resolved_late",
    "acknowledged_met",
    "resolved_met",
    "told",
    "first_update_median_seconds",
    "first_update_p95_seconds",
    "told_met",
    "told_late",
    "repeated",
)
PEOPLE = ("user_id", "name", "pages", "incidents", "night_pages")
DUTIES = ("user_id", "name", "seconds", "night_seconds", "weekend_seconds")


def csv_of_incidents(report: Measured) -> str:
    """One line for each group; the total is not among them, so that a column can be summed."""
    lines = (
        (
            group.key or "",
            group.name,
            group.incidents,
            group.open,
            group.acknowledged,
            group.no_action,
            group.reopened,
            group.pages,
            *_spread(group.acknowledge),
            *_spread(group.resolve),
            group.acknowledged_late,
            group.resolved_late,
            group.acknowledged_met,
            group.resolved_met,
            group.told,
            *_spread(group.first_update),
            group.told_met,
            group.told_late,
            group.repeated,
        )
        for group in report.groups
    )
    return _written(INCIDENTS, lines)


def csv_of_people(report: Loads) -> str:
    lines = ((str(one.user_id), one.name, one.pages, one.incidents, one.nights) for one in report.lines)
    return _by_week(PEOPLE, [one.week for one in report.lines], lines, report.apart)


def csv_of_duties(report: Duties) -> str:
    lines = ((str(one.user_id), one.name, one.seconds, one.nights, one.weekends) for one in report.lines)
    return _by_week(DUTIES, [one.week for one in report.lines], lines, report.apart)


def _by_week(head: Sequence[str], weeks: Sequence[str | None], lines: Iterable[Sequence[str | int]], apart: Apart) -> str:
    """With its week before each line, where weeks are told apart."""
    if apart is Apart.PERSON:
        return _written(head, lines)
    return _written(("week", *head), ((week or "", *line) for week, line in zip(weeks, lines, strict=True)))


def cell(value: str | int) -> str | int:
    """Text that would be a formula begins with an apostrophe, which a spreadsheet does not show."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value


def _spread(spread: Spread | None) -> tuple[str | int, str | int]:
    return (spread.median, spread.p95) if spread else ("", "")


def _written(head: Sequence[str], lines: Iterable[Sequence[str | int]]) -> str:
    """RFC 4180."""
    written = [head, *([cell(value) for value in line] for line in lines)]
    return "".join(",".join(_quoted(str(value)) for value in line) + "\r\n" for line in written)


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if any(sign in value for sign in ',"\r\n') else value
