"""Which alerts inhibit which, as keys that can be compared without looking at every pair. Pure.

The rule is Alertmanager's (`inhibit/inhibit.go`): an alert that matches source and target of one rule is inhibited only by alerts that
match the source alone, so that it inhibits neither itself nor another such one; a label that is missing equals one that is empty.

A source has the key `<rule>:<equal labels>`, and one that is no target of the same rule a second, `…:alone`. A target looks for the first;
one that is a source of the same rule as well looks for the second.
"""

import hashlib
import json
from collections.abc import Mapping

from oncall.kit.matchers import match
from oncall.silences.rules.muting import Mutings
from oncall.silences.values.inhibitions import Inhibition, InhibitionId
from oncall.silences.values.muting import Muting, MutingKind

ALONE = ":alone"


def source_keys(mutings: Mutings, labels: Mapping[str, str]) -> frozenset[str]:
    """The keys by which an open alert with these labels inhibits others."""
    found: set[str] = set()
    digests: dict[tuple[str, ...], str] = {}
    for rule in mutings.sources.find(labels):
        key = _key(rule, labels, digests)
        found.add(key)
        if not match(rule.target, labels):
            found.add(key + ALONE)
    return frozenset(found)


def target_keys(mutings: Mutings, labels: Mapping[str, str]) -> Mapping[str, tuple[InhibitionId, str]]:
    """An alert with these labels is inhibited if another open alert has one of these among its source keys; by which rule, and its name."""
    digests: dict[tuple[str, ...], str] = {}
    return {
        _key(rule, labels, digests) + (ALONE if match(rule.source, labels) else ""): (rule.id, rule.name)
        for rule in mutings.targets.find(labels)
    }


def inhibited_by(id: InhibitionId, name: str, *, source: str) -> Muting:
    """What mutes a target while the alert that `source` names is open."""
    return Muting(MutingKind.INHIBITION, id, name, None, f"inhibited by “{name}” while this is open: {source}")


def _key(rule: Inhibition, labels: Mapping[str, str], digests: dict[tuple[str, ...], str]) -> str:
    """Many rules ask for the same labels: their values are digested once for an alert."""
    if rule.equal not in digests:
        values = json.dumps([(name, labels.get(name, "")) for name in sorted(rule.equal)])
        digests[rule.equal] = hashlib.sha256(values.encode()).hexdigest()[:32]
    return f"{rule.id}:{digests[rule.equal]}"
