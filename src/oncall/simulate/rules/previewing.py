"""What a silence would mute. Pure."""

from collections.abc import Sequence

from oncall.incidents.rules.matching import FIELDS, match_labels
from oncall.kit.matchers import Matchers, Operator, match
from oncall.silences.values.silences import Silence
from oncall.simulate.values.previewing import LOOKED_AT, SHOWN, AlertLookedAt, Matched, Wanted


def wanted_by(silence: Silence) -> Wanted:
    """What the database can tell by itself of alerts that will not match; matchers decide about the others."""
    return Wanted(silence.service_id, _needed(silence.matchers))


def matched(silence: Silence, alerts: Sequence[AlertLookedAt]) -> Matched:
    """Those of the alerts, newest first as they came, that this silence is about."""
    looked_at = alerts[:LOOKED_AT]
    found = [one for one in looked_at if silence.service_id in {None, one.service_id} and match(silence.matchers, _seen(one))]
    return Matched(len(found), found[:SHOWN], len(looked_at) == len(alerts))


def _seen(alert: AlertLookedAt) -> dict[str, str]:
    return match_labels(
        alert.labels,
        severity=alert.severity,
        summary=alert.summary,
        source=alert.source,
        dedup_key=alert.dedup_key,
        service=alert.service_name,
    )


def _needed(matchers: Matchers) -> dict[str, str]:
    """Labels that must be there with this value. What an alert has without a label of that name is not looked for among its labels."""
    equal = [one for one in matchers if one.operator is Operator.EQUAL and one.value and one.name not in FIELDS]
    return {one.name: one.value for one in equal}
