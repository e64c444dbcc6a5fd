"""Which of all open incidents comes first, and why. Pure (`incident-process.md`: priority, SLA time left, affected users, age)."""

from datetime import UTC, datetime, timedelta

from oncall.desk.values import Priority, Promised
from oncall.incidents.values.ranking import Rank, Ranked

LAST = datetime.max.replace(tzinfo=UTC)
WORDS = {"acknowledge_by": "acknowledge it", "resolve_by": "resolve it", "update_by": "tell the next news"}


def rank_key(one: Ranked) -> tuple[str, datetime, int, bytes]:
    """The smallest comes first: by priority, none last; by what is promised soonest; by how many it hurts; then the oldest."""
    priority = one.priority.value if one.priority else "P9"
    return priority, min(_promises(one.promised).values(), default=LAST), -(one.affected_users or 0), one.id.bytes


def rank(one: Ranked, *, now: datetime) -> Rank:
    """The same, in words."""
    reasons = [one.priority.value if one.priority else f"no priority yet: it stands behind {Priority.P5.value}"]
    promises = _promises(one.promised)
    if promises:
        name = min(promises, key=promises.__getitem__)
        left = promises[name] - now
        late = left < timedelta(0)
        when = f"{_spelled(-left)} ago" if late else f"in {_spelled(left)}"
        reasons.append(f"by its SLA somebody {'was' if late else 'is'} to {WORDS[name]} {when}")
    if one.affected_users:
        reasons.append(f"{one.affected_users:,} users affected")
    reasons.append(f"open for {_spelled(now - one.triggered_at)}")
    return Rank(one.position, tuple(reasons))


def _promises(promised: Promised) -> dict[str, datetime]:
    said = {name: getattr(promised, name) for name in WORDS}
    return {name: at for name, at in said.items() if at is not None}


def _spelled(time: timedelta) -> str:
    minutes = int(time.total_seconds()) // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} days"
