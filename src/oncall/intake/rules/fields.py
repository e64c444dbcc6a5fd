"""Where a flat body says what: most monitors' dialects are a table of names and words, and this is how such a table is read."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from oncall.incidents.values import Action, Severity
from oncall.intake.rules.decoding import MAX_MEMBERS
from oncall.intake.rules.secrets import without_login
from oncall.intake.rules.wording import instant_of, labels_of, links_of, one_line, severity_of, text_of, title_of
from oncall.intake.values import LocalKey, Reading

Paths = tuple[str, ...]
"""Places in a body, `data.issue.id` or `alerts.0.name`; of several the first that says something counts."""

NOTHING: tuple[object, ...] = (None, "", [], {})
MACRO = re.compile(
    r"\$[A-Za-z_][\w.:]*|\$\{[^{}]*\}|\{[$#?]?[A-Z][\w.:]*\}|\{\{.*\}\}|\*[A-Za-z]+\*|%[A-Za-z_]+%|\$[A-Z_]+\$|##[A-Za-z.]+##"
)
"""A placeholder of a template that the sender did not fill in."""

ANOTHER = re.compile(r"\s\w+=")


@dataclass(frozen=True, slots=True)
class Fields:
    """A dialect as a table.

    Words of state are compared in lower case: `states` names their actions, `ignored` those that are no alert, and why; any other, and
    none, is `otherwise`. `severities` comes before the words that are known anyhow. The dedup key is `key` as it stands, which must be
    the sender's own, or unique in the world; else all that `identity` finds, as `name=value name=value`.
    """

    title: Paths
    key: Paths = ()
    identity: Mapping[str, Paths] = field(default_factory=dict)
    state: Paths = ()
    states: Mapping[str, Action] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)
    otherwise: Action = Action.TRIGGER
    severity: Paths = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    source: Paths = ()
    component: Paths = ()
    group: Paths = ()
    class_: Paths = ()
    labels: Paths = ()
    links: Mapping[str, str] = field(default_factory=dict)
    occurred_at: Paths = ()
    delivery_id: Paths = ()
    secret: frozenset[str] = frozenset()
    """Members that nobody may see: they are no details."""
    untitled: str = "event without a title"


def read_fields(body: Mapping[str, object], fields: Fields) -> Reading:
    """What a body says by a table; its details are the members of it that the table does not take as they are."""
    word = word_at(body, fields.state)
    reason = fields.ignored.get(word, "")
    as_they_are = (fields.title, fields.source, fields.labels, fields.occurred_at)
    taken = fields.secret | fields.links.keys() | {_path_said(body, paths) for paths in as_they_are}
    return Reading(
        Action.IGNORE if reason else fields.states.get(word, fields.otherwise),
        title_of(said_at(body, fields.title)) or fields.untitled,
        dedup_key=text_of(said_at(body, fields.key)) or named_key({name: said_at(body, paths) for name, paths in fields.identity.items()}),
        severity=_severity(body, fields),
        source=without_login(one_line(said_at(body, fields.source))),
        component=one_line(said_at(body, fields.component)),
        group=one_line(said_at(body, fields.group)),
        class_=one_line(said_at(body, fields.class_)),
        labels=labels_of(said_at(body, fields.labels)),
        links=links_of((said_at(body, (path,)), text) for path, text in fields.links.items()),
        occurred_at=instant_of(said_at(body, fields.occurred_at)),
        details={name: value for name, value in islice(body.items(), MAX_MEMBERS) if name not in taken and value not in NOTHING},
        reason=reason,
        delivery_id=text_of(said_at(body, fields.delivery_id)),
    )


def _severity(body: Mapping[str, object], fields: Fields) -> Severity:
    words = [word for path in fields.severity if (word := word_at(body, (path,)))]
    return next((fields.severities[word] for word in words if word in fields.severities), None) or severity_of(*words)


def said_at(body: object, paths: Sequence[str]) -> object:
    """The first of these places that says something; an empty value and an unfilled placeholder say nothing."""
    return next((value for path in paths if says(value := _at(body, path))), None)


def _path_said(body: object, paths: Sequence[str]) -> str | None:
    return next((path for path in paths if says(_at(body, path))), None)


def says(value: object) -> bool:
    """Whether a value says anything: an empty one and an unfilled placeholder say nothing."""
    return value not in NOTHING and not (isinstance(value, str) and (not value.strip() or MACRO.fullmatch(value.strip())))


def word_at(body: object, paths: Sequence[str]) -> str:
    """The first of these places that says something, as a word in lower case."""
    return text_of(said_at(body, paths)).strip().lower()


def named_key(identity: Mapping[str, object]) -> LocalKey | None:
    """A dedup key of what names a problem, by name: numbers of one monitor are not those of another. None if nothing says anything."""
    said = {name: without_login(text_of(value).strip()) for name, value in identity.items() if value not in NOTHING}
    named = " ".join(f"{name}={_unmistakable(value)}" for name, value in said.items() if value)
    return LocalKey(named) if named else None


def _unmistakable(value: str) -> str:
    """In quotes if it could be taken for more than one value."""
    return json.dumps(value, ensure_ascii=False) if ANOTHER.search(value) else value


def _at(body: object, path: str) -> object:
    """The value at a place; None where there is none. A name with a dot in it is found as it is written."""
    found = body
    names = path.split(".")
    for n, name in enumerate(names):
        match found:
            case dict() if (rest := ".".join(names[n:])) in found:
                return found[rest]
            case dict():
                found = found.get(name)
            case list() if name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            case _:
                return None
    return found
