"""A postmortem as the timeline has it: each line is one that was written when it happened. Pure; the same story makes the same draft."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from oncall.incidents.rules.recounting import stopped, words_of
from oncall.notifications.values import Notification
from oncall.postmortems.rules.templates import fill
from oncall.postmortems.rules.words import escaped, line, table
from oncall.postmortems.values import DRAFT_BYTES, Text
from oncall.postmortems.values.drafting import Told
from oncall.timeline.values import Entry, Kind, Recorded

IS_PAGED = " is paged: "
LONGEST_WHY = 500
MESSAGES = {Kind.SENT, Kind.SEND_FAILED}
UNKNOWN = "not recorded"


def draft(stories: Sequence[Told], template: str, *, title: str | None, now: datetime) -> Text:
    """The words of a draft; its timeline gives way where it would be too long, and says so."""
    named = line(title or _title(stories))[:200]
    words = {
        "date": f"{now.astimezone(UTC):%Y-%m-%d}",
        "incidents": table(("Incident", "Title", "Service", "Severity", "Priority", "Status"), map(_standing, stories)),
        "summary": "\n\n".join(_summary(one) for one in stories),
        "impact": "\n\n".join(_impact(one) for one in stories),
        "durations": table(("Incident", "Measure", "How long", "From", "To"), [row for one in stories for row in _durations(one)]),
        "paged": _paged(stories),
    }
    without = fill(template, words)
    uses = max(1, template.count("timeline"))
    words["timeline"] = _timeline(stories, room=(DRAFT_BYTES - len(without.encode())) // uses)
    return Text(named, fill(template, words))


def _title(stories: Sequence[Told]) -> str:
    first = stories[0].incident
    more = f" and {len(stories) - 1} more" if len(stories) > 1 else ""
    return f"Incident #{first.number}{more}: {first.title}"


def _standing(told: Told) -> tuple[str, ...]:
    one = told.incident
    priority = f"{one.priority}" if one.priority else "none"
    return f"#{one.number}", one.title, told.service, one.severity.value, f"{priority}{', major' if one.is_major else ''}", one.status.value


# --- the timeline -----------------------------------------------------------------------------------------------------------


def _timeline(stories: Sequence[Told], *, room: int) -> str:
    """Everything, in order; if that is too long, without what became of single messages; if that is, as much as there is room for."""
    everything = sorted(
        ((told, one) for told in stories for one in told.entries), key=lambda pair: (pair[1].entry.at, pair[0].incident.number, pair[1].seq)
    )
    more = any(told.is_cut for told in stories)
    shown = _table_of(stories, everything)
    left_out = 0
    if len(shown.encode()) > room:
        kept = [pair for pair in everything if pair[1].entry.kind not in MESSAGES]
        left_out = len(everything) - len(kept)
        rows = [len(_table_of(stories, [pair]).encode()) - len(_table_of(stories, []).encode()) for pair in kept]
        fits, total = 0, len(_table_of(stories, []).encode()) + 200
        while fits < len(rows) and total + rows[fits] <= room:
            total += rows[fits]
            fits += 1
        left_out += len(kept) - fits
        shown = _table_of(stories, kept[:fits])
    if not left_out and not more:
        return shown
    where = ", ".join(f"GET /api/v1/incidents/{told.incident.number}/timeline" for told in stories)
    amount = f"{left_out} entries are" if left_out and not more else "More entries are"
    return f"{shown}\n\n{amount} left out here; all of them: {where}."


def _table_of(stories: Sequence[Told], entries: Iterable[tuple[Told, Recorded]]) -> str:
    """With the incident of each line, where there are several."""
    many = len(stories) > 1
    rows = []
    for told, recorded in entries:
        at, *said = _row(recorded)
        rows.append((at, *([f"#{told.incident.number}"] if many else []), *said))
    return table(("Time (UTC)", *(["Incident"] if many else []), "What", "Who", "Through", "Why"), rows)


def _row(recorded: Recorded) -> tuple[str, str, str, str, str]:
    entry = recorded.entry
    why = line(words_of(recorded))
    shown = why if len(why) <= LONGEST_WHY else f"{why[: LONGEST_WHY - 1]}…"
    return instant(entry.at), entry.kind.value.replace("_", " "), entry.actor.name, entry.actor.via, shown


def instant(at: datetime) -> str:
    """In UTC, to the second, as people read it in a table."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


# --- what it was, and how long it took --------------------------------------------------------------------------------------


def _summary(told: Told) -> str:
    one = told.incident
    begun = _first(told, Kind.OPENED)
    because = f": {escaped(begun.reason)}" if begun else ""
    named = f"Incident #{one.number} “{escaped(one.title)}” of service {escaped(told.service)}"
    said = [f"{named} was opened at {instant(_opened_at(told))} UTC{because}."]
    if acknowledged := _first(told, Kind.ACKNOWLEDGED):
        said.append(f"First acknowledged at {instant(acknowledged.at)} UTC by {escaped(acknowledged.actor.name)}.")
    else:
        said.append("Nobody acknowledged it.")
    if resolved := _last_end(told):
        said.append(f"Resolved at {instant(resolved.at)} UTC: {escaped(resolved.reason)}.")
    else:
        said.append(f"It is {one.status.value}.")
    again = sum(recorded.entry.kind is Kind.REOPENED for recorded in told.entries)
    if again:
        said.append(f"It was reopened {again} time{'' if again == 1 else 's'}.")
    if told.owner:
        said.append(f"Its owner is {escaped(told.owner)}.")
    filed = told.filed
    desk = (("Reported", filed.description), ("Resolution", filed.resolution))
    said += [f"{name}: {stopped(escaped(words))}" for name, words in desk if words]
    return " ".join(said)


def _impact(told: Told) -> str:
    one, filed = told.incident, told.filed
    said = [f"#{one.number}: severity {one.severity.value}, {one.urgency.value} urgency, priority {one.priority or 'not set'}"]
    said.append(f"{told.alerts} alert{'' if told.alerts == 1 else 's'}")
    if filed.impact:
        said.append(f"impact {escaped(filed.impact)}")
    if filed.affected_users is not None:
        said.append(f"{filed.affected_users:,} affected users")
    if filed.category:
        said.append(f"category {escaped(filed.category)}")
    if filed.reporter:
        said.append(f"reported by {escaped(filed.reporter)}")
    return f"{', '.join(said)}."


def _durations(told: Told) -> Iterator[tuple[str, str, str, str, str]]:
    """From the beginning, as its monitor or whoever noticed it dates it, to our hearing of it; from then to an acknowledgement, and to the
    last resolve."""
    name, opened = f"#{told.incident.number}", _opened_at(told)
    starts = [at for at in (told.began_at, told.filed.noticed_at) if at is not None and at <= opened]
    acknowledged, resolved = _first(told, Kind.ACKNOWLEDGED), _last_end(told)
    for measure, since, until in (
        ("Detected", min(starts) if starts else None, opened),
        ("Acknowledged", opened, acknowledged.at if acknowledged else None),
        ("Resolved", opened, resolved.at if resolved else None),
    ):
        if since is None or until is None:
            yield name, measure, UNKNOWN if measure == "Detected" else "not yet", instant(since) if since else UNKNOWN, UNKNOWN
        else:
            yield name, measure, lasting(until - since), instant(since), instant(until)


def lasting(time: timedelta) -> str:
    """As people say it, to the second."""
    seconds = int(time.total_seconds())
    parts = (seconds // 86_400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")
    return " ".join(f"{many} {unit}" for many, unit in parts if many) or "0 s"


def _opened_at(told: Told) -> datetime:
    begun = _first(told, Kind.OPENED)
    return begun.at if begun else told.incident.triggered_at


def _first(told: Told, kind: Kind) -> Entry | None:
    return next((one.entry for one in told.entries if one.entry.kind is kind), None)


def _last_end(told: Told) -> Entry | None:
    """Its last resolve, unless something went on after that."""
    found: Entry | None = None
    for one in told.entries:
        if one.entry.kind is Kind.RESOLVED:
            found = one.entry
        elif one.entry.kind is Kind.REOPENED:
            found = None
    return found


# --- who was paged ----------------------------------------------------------------------------------------------------------


def _paged(stories: Sequence[Told]) -> str:
    rows = [row for told in stories for row in _pages(told)]
    if not rows:
        return "Nobody was paged."
    return table(("Incident", "Who", "First paged (UTC)", "Pages", "Messages"), rows)


def _pages(told: Told) -> Iterator[tuple[str, str, str, str, str]]:
    """Each person in the order of their first page."""
    pages: dict[str, list[Entry]] = {}
    for recorded in told.entries:
        entry = recorded.entry
        if entry.kind is Kind.PAGED:
            pages.setdefault(str(entry.detail.get("user_id", entry.reason)), []).append(entry)
    for user, entries in pages.items():
        name = entries[0].reason.partition(IS_PAGED)[0]
        messages = [one for one in told.messages if f"{one.team_id or one.user_id}" == user]
        yield f"#{told.incident.number}", name, instant(entries[0].at), f"{len(entries)}", _became(messages)


def _became(messages: Sequence[Notification]) -> str:
    """How many by each channel came to what."""
    counted: dict[tuple[str, str], int] = {}
    for one in messages:
        counted[one.channel, one.status.value] = counted.get((one.channel, one.status.value), 0) + 1
    return ", ".join(f"{many} {channel} {status}" for (channel, status), many in sorted(counted.items())) or "none"
