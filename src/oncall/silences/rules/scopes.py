"""What something that mutes concerns, in general. Pure."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from oncall.kit.ids import ServiceId
from oncall.kit.matchers import Matchers, match, match_everything
from oncall.silences.values.inhibitions import BadInhibition, Inhibition
from oncall.silences.values.muting import MatchesEverything

EVERYTHING = (
    'These matchers match even an alert without any label, of every service, so this may mute everything: add a matcher such as job="api" '
    'or a service, or confirm it with "matches_everything": true.'
)

EVERY_TARGET = (
    "While its source is open this would mute every other alert of every service: add a matcher to target_matchers, say in "
    '"equal" which labels both must share, or confirm it with "matches_everything": true.'
)

BOTH = (
    "Source and target are the same matchers, so this would never inhibit anything: an alert that is both inhibits no other such one. "
    "Give target_matchers that a source does not match, or leave this inhibition out."
)


# What every alert has (`incidents/rules/matching.py`), each in two ways.
ANY = [
    {"severity": severity, "summary": text, "source": text, "dedup_key": text, "service": text}
    for severity in ("critical", "error", "warning", "info", "unknown")
    for text in ("Disk is full on db-1", "0")
]


def is_everything(matchers: Matchers, services: Collection[ServiceId]) -> bool:
    """Whether nothing narrows it down: no service, and no matcher that needs a label, or only of what every alert has."""
    return not services and (match_everything(matchers) or all(match(matchers, alert) for alert in ANY))


def concerns(matchers: Matchers, services: Collection[ServiceId], service: ServiceId, labels: Mapping[str, str]) -> bool:
    """Whether something of these services (none: of all) that all matchers match is about this."""
    return (not services or service in services) and match(matchers, labels)


def check_scope(matchers: Matchers, services: Collection[ServiceId], *, confirmed: bool) -> None:
    """Raises MatchesEverything unless that was confirmed."""
    if is_everything(matchers, services) and not confirmed:
        raise MatchesEverything(EVERYTHING, field="matchers")


def inhibits_everything(inhibition: Inhibition) -> bool:
    """Whether nothing narrows down what it mutes: no matcher of its target, and no label that both must share."""
    return not inhibition.equal and is_everything(inhibition.target, ())


def check_targets(inhibition: Inhibition, *, confirmed: bool) -> None:
    """Raises BadInhibition for one that can never inhibit anything; MatchesEverything unless that was confirmed."""
    if set(inhibition.source) == set(inhibition.target):
        raise BadInhibition(BOTH, field="target_matchers")
    if inhibits_everything(inhibition) and not confirmed:
        raise MatchesEverything(EVERY_TARGET, field="target_matchers")


def shown(at: datetime) -> str:
    """An instant in a sentence, as short as it can be: 2026-03-02T14:00Z."""
    utc = at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    return utc.isoformat(timespec="seconds" if utc.second else "minutes") + "Z"
