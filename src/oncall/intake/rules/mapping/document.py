"""What a mapping says, as values, and its one canonical form as JSON, which reads back equal."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from oncall.incidents.values import Action, Severity
from oncall.kit.mapping import Expression, Table

T = TypeVar("T")

Document = dict[str, object]

TEXTS = ("summary", "source", "component", "group", "class", "occurred_at", "expires_at", "delivery_id", "by")
"""Fields that are one text or instant each."""

INSTANTS = ("occurred_at", "expires_at")

REST = "*"
"""Among labels or details: everything in the object that the expression gives."""


@dataclass(frozen=True, slots=True)
class Constant:
    value: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Texts one after the other, `between` them; parts that say nothing are left out."""

    parts: "tuple[Source, ...]"
    between: str = " "


@dataclass(frozen=True, slots=True)
class Named:
    """A key of what only this monitor numbers or names: `host=db-1 check=disk`, of this integration alone."""

    parts: "tuple[tuple[str, Source], ...]"


@dataclass(frozen=True, slots=True)
class FirstOf:
    """The first of these that says something."""

    sources: "tuple[Source, ...]"


Source = Expression | Constant | Joined | Named | FirstOf
"""Where a text comes from."""


@dataclass(frozen=True, slots=True)
class Case(Generic[T]):
    """If a condition holds, this is meant."""

    when: Expression
    means: T


@dataclass(frozen=True, slots=True)
class Ignored:
    """An action: nothing is done, for this reason."""

    reason: str


Acts = Action | Ignored


@dataclass(frozen=True, slots=True)
class Words(Generic[T]):
    """What a word stands for: the first case that holds, else the first word that is in the table, else the default, else what the word
    commonly means."""

    cases: tuple[Case[T], ...] = ()
    sources: tuple[Source, ...] = ()
    table: Table[T] = field(default_factory=lambda: Table({}))
    default: T | None = None


@dataclass(frozen=True, slots=True)
class Link:
    href: Source
    text: Source | None = None


@dataclass(frozen=True, slots=True)
class EventFields:
    """Each field of the canonical event; `details` None keeps what the event holds."""

    dedup_key: Source | None = None
    action: Words[Acts] = field(default_factory=Words)
    severity: Words[Severity] = field(default_factory=Words)
    texts: tuple[tuple[str, Source], ...] = ()
    labels: tuple[tuple[str, Source], ...] = ()
    links: tuple[Link, ...] = ()
    details: tuple[tuple[str, Source], ...] | None = None
    zones: tuple[tuple[str, str], ...] = ()
    """Of an instant that its monitor writes without an offset: in which zone."""

    def zone_of(self, field: str) -> str | None:
        return dict(self.zones).get(field)


def may_mean(event: EventFields, action: Action) -> bool:
    """Whether an event can turn out so. Without a default a word that no row has counts as what it commonly means, no word as a trigger."""
    words = event.action
    meant = [*(case.means for case in words.cases), *words.table.rows.values(), words.default]
    return action in meant or (words.default is None and (action is Action.TRIGGER or bool(words.sources)))


@dataclass(frozen=True, slots=True)
class Ignore:
    """What is no alert: if the condition holds, or always."""

    when: Expression | None
    reason: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of body: known by `when`, taken apart by `split`."""

    name: str
    when: Expression | None = None
    split: Expression | None = None
    ignore: tuple[Ignore, ...] = ()
    event: EventFields | None = None
    hide: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Mapping:
    """Rules in order; the first that knows a body reads it."""

    rules: tuple[Rule, ...]


# --- as JSON ----------------------------------------------------------------------------------------------------------------


def to_document(mapping: Mapping) -> Document:
    """The mapping in its canonical form: what is not said is left out, what is one is no list."""
    return {"rules": [_rule(rule) for rule in mapping.rules]}


def _rule(rule: Rule) -> Document:
    return _without_nothing(
        {
            "name": rule.name,
            "when": rule.when.text if rule.when else None,
            "split": rule.split.text if rule.split else None,
            "ignore": [_without_nothing({"when": one.when.text if one.when else None, "reason": one.reason}) for one in rule.ignore],
            "hide": sorted(rule.hide),
            "event": _event(rule.event) if rule.event else None,
        }
    )


def _event(event: EventFields) -> Document:
    said = _without_nothing(
        {
            "dedup_key": source_document(event.dedup_key) if event.dedup_key else None,
            "action": _words(event.action),
            "severity": _words(event.severity),
            **{name: _text(source, event.zone_of(name)) for name, source in event.texts},
            "labels": {name: source_document(source) for name, source in event.labels},
            "links": [_link(link) for link in event.links],
        }
    )
    if event.details is not None:
        said["details"] = {name: source_document(source) for name, source in event.details}
    return said


def _text(source: Source, zone: str | None) -> object:
    said = source_document(source)
    return {"from": said, "time_zone": zone} if zone else said


def _link(link: Link) -> object:
    href = source_document(link.href)
    return {"href": href} | ({"text": source_document(link.text)} if link.text else {})


def _words(words: Words[T]) -> Document:
    return _without_nothing(
        {
            "cases": [{"when": case.when.text, "means": _target(case.means)} for case in words.cases],
            "from": _sources(words.sources),
            "table": {word: _target(target) for word, target in sorted(words.table.rows.items())},
            "default": _target(words.default) if words.default is not None else None,
        }
    )


def _target(target: object) -> object:
    return {"ignore": target.reason} if isinstance(target, Ignored) else str(target)


def _sources(sources: Iterable[Source]) -> object:
    said = [source_document(source) for source in sources]
    return said[0] if len(said) == 1 and not isinstance(said[0], list) else said


def source_document(source: Source) -> object:
    """A source as it is written."""
    match source:
        case Expression():
            return source.text
        case Constant():
            return {"value": source.value}
        case Joined():
            between = {} if source.between == " " else {"with": source.between}
            return {"join": [source_document(part) for part in source.parts]} | between
        case Named():
            return {"named": [{name: source_document(part)} for name, part in source.parts]}
        case FirstOf():
            return [source_document(part) for part in source.sources]


def _without_nothing(said: Document) -> Document:
    return {name: value for name, value in said.items() if value not in (None, "", [], {})}
