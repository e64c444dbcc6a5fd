"""One part of a body, or all of it, asked for one field after the other: what each source says, and what each word means."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from oncall.incidents.values import Action, Severity
from oncall.intake.rules.decoding import MAX_MEMBERS
from oncall.intake.rules.fields import named_key, says
from oncall.intake.rules.mapping.document import (
    REST,
    Constant,
    EventFields,
    FirstOf,
    Ignored,
    Joined,
    Link,
    Named,
    Rule,
    Source,
    Words,
    source_document,
)
from oncall.intake.rules.mapping.instants import instant_in, why_no_instant
from oncall.intake.rules.secrets import without_login
from oncall.intake.rules.wording import (
    ACTIONS,
    action_of,
    labels_of,
    links_of,
    one_line,
    severity_of,
    text_of,
    title_of,
)
from oncall.intake.values import LocalKey, Reading
from oncall.kit.mapping import Evaluation, Expression, word_of

T = TypeVar("T")

NO_EVENT = "its rule has nothing but conditions to ignore it, and none holds"
NOTHING_SAID = "neither a dedup key nor a summary was found in it"
ENDS_NOTHING = "it ends or acknowledges something, and no dedup key was found in it"

FAILED = "what it does could not be read, and is not taken for what a default says"

ENDS = frozenset({Action.RESOLVE, Action.ACKNOWLEDGE})


@dataclass(frozen=True, slots=True)
class Tried:
    """One expression that was asked for a field, what it gave, and why not if it failed."""

    field: str
    source: object
    gave: object
    why: str = ""


class PartReader:
    """One part of a body, asked for one field after the other."""

    def __init__(self, evaluation: Evaluation, part: object, tried: list[Tried] | None) -> None:
        self._evaluation, self._part = evaluation, part
        self.tried = tried
        self.unknown: list[tuple[str, str]] = []
        self.odd: list[str] = []
        self._failed = self._defaulted = ""

    def read(self, rule: Rule) -> tuple[Reading | None, str]:
        for ignore in rule.ignore:
            if ignore.when is None or self._holds("ignore", ignore.when):
                return Reading(Action.IGNORE, self._title(rule.event), reason=ignore.reason), ignore.reason
        if rule.event is None:
            return None, NO_EVENT
        event = rule.event
        acts = self._word("action", event.action, action_of)
        if self._defaulted:
            return None, self._defaulted
        if isinstance(acts, Ignored):
            return Reading(Action.IGNORE, self._title(event), reason=acts.reason), acts.reason
        texts = {name: self._find(name, source) for name, source in event.texts}
        key = _key(self._find("dedup_key", event.dedup_key))
        summary = title_of(texts.get("summary"))
        if key is None and (not summary or _is_last_resort(event, summary)):
            return None, NOTHING_SAID
        if key is None and acts in ENDS:
            return None, ENDS_NOTHING
        if acts is Action.TRIGGER and (not summary or _is_last_resort(event, summary)):
            self.odd.append(f"summary: none was found in it, so {'its constant stands there' if summary else 'its dedup_key stands there'}")
        return self._reading(event, acts, key, summary, texts, rule.hide), ""

    def _reading(
        self, event: EventFields, acts: Action, key: str | None, summary: str, texts: dict[str, object], hide: frozenset[str]
    ) -> Reading:
        return Reading(
            acts,
            summary or one_line(f"event without a summary: {key}"),
            dedup_key=key,
            severity=self._word("severity", event.severity, severity_of),
            source=without_login(one_line(texts.get("source"))),
            component=one_line(texts.get("component")),
            group=one_line(texts.get("group")),
            class_=one_line(texts.get("class")),
            labels=labels_of(dict(self._members("labels", event.labels))) if event.labels else {},
            links=links_of(map(self._link, event.links)) if event.links else (),
            occurred_at=self._instant("occurred_at", texts, event),
            expires_at=self._instant("expires_at", texts, event),
            details=self._details(event, hide),
            by=one_line(texts.get("by")),
            delivery_id=text_of(texts.get("delivery_id")),
        )

    def _instant(self, field: str, texts: dict[str, object], event: EventFields) -> datetime | None:
        value = texts.get(field)
        if value is None:
            return None
        zone = event.zone_of(field)
        at = instant_in(value, zone)
        if at is None and self.tried is not None:
            self.odd.append(why_no_instant(field, value, zone))
        return at

    def _link(self, link: Link) -> tuple[object, object]:
        href, text = self._find("links", link.href), self._find("links", link.text) if link.text else None
        if self.tried is not None and href is not None and not links_of([(href, text)]):
            self.odd.append(f"links: {text_of(href)[:60]!r} is left out: a link is a whole address that begins with https:// or http://")
        return href, text

    def _title(self, event: EventFields | None) -> str:
        summary = dict(event.texts).get("summary") if event else None
        return title_of(self._find("summary", summary)) or "an event that is ignored"

    def _details(self, event: EventFields, hide: frozenset[str]) -> dict[str, object]:
        if event.details is not None:
            members = self._members("details", event.details)
        elif isinstance(self._part, dict):
            members = iter(self._part.items())
        else:
            members = iter([("text", self._part)])
        return {name: value for name, value in islice(members, MAX_MEMBERS) if name not in hide and says(value)}

    def _members(self, field: str, sources: tuple[tuple[str, Source], ...]) -> Iterator[tuple[str, object]]:
        """Names and what they say; the rest of an object first, so that what has a name of its own stands."""
        for name, source in sources:
            value = self._find(f"{field}.{name}", source)
            if name != REST:
                if value is not None:
                    yield name, value
            elif field == "labels":
                yield from labels_of(value).items()
            elif isinstance(value, dict):
                yield from value.items()
            elif value is not None:
                yield "text", value

    # --- one field ----------------------------------------------------------------------------------------------------------

    def _find(self, field: str, source: Source | None) -> object:
        """What a source says; None if it says nothing."""
        match source:
            case None:
                return None
            case Expression():
                found = self._evaluation.find(source, self._part)
                self._failed = found.why or self._failed
                self._note(field, source, found.value, found.why)
                return found.value if says(found.value) else None
            case Constant():
                self._note(field, source, source.value)
                return source.value
            case FirstOf():
                return next((value for one in source.sources if (value := self._find(field, one)) is not None), None)
            case Joined():
                return self._joined(field, source)
            case Named():
                return named_key({name: self._find(f"{field}.{name}", part) for name, part in source.parts})

    def _joined(self, field: str, source: Joined) -> str | None:
        """The parts that say something; constants alone, where expressions stand beside them, say nothing of this body."""
        found = [(part, text_of(self._find(field, part)).strip()) for part in source.parts]
        is_constant = all(isinstance(part, Constant) for part, _ in found)
        if not is_constant and not any(text for part, text in found if not isinstance(part, Constant)):
            return None
        return source.between.join(text for _, text in found if text)

    def _holds(self, field: str, condition: Expression) -> bool:
        found = self._evaluation.holds(condition, self._part)
        self._failed = found.why or self._failed
        self._note(field, condition, found.value, found.why)
        return bool(found.value)

    def _word(self, field: str, words: Words[T], commonly: Callable[..., T]) -> T:
        self._failed = ""
        for case in words.cases:
            if self._holds(f"{field}.cases", case.when):
                return case.means
        seen: list[str] = []
        for source in words.sources:
            word = word_of(self._find(field, source))
            found = words.table.find(word)
            if found is not None:
                return found
            if word:
                seen.append(word)
        if words.default is not None:
            if self._failed and field == "action" and words.default is not Action.TRIGGER:
                self._defaulted = f"{FAILED}: {self._failed}"
            return words.default
        meant = commonly(*seen)
        is_known = not words.table.rows and (meant is not Severity.UNKNOWN if isinstance(meant, Severity) else set(seen) & ACTIONS.keys())
        if not is_known:
            self.unknown += [(field, word) for word in seen]
        return meant

    def _note(self, field: str, source: Source, gave: object, why: str = "") -> None:
        if self.tried is not None:
            self.tried.append(Tried(field, source_document(source), gave, why))


def _key(value: object) -> str | None:
    """A key as it stands; one of named parts stays this integration's own."""
    if isinstance(value, LocalKey):
        return value
    return text_of(value).strip() or None


def _is_last_resort(event: EventFields, summary: str) -> bool:
    """Whether a summary is the constant that stands behind expressions which all gave nothing: that is nothing read in the body."""
    source = dict[str, Source](event.texts).get("summary")
    if not isinstance(source, FirstOf):
        return False
    last = source.sources[-1]
    return isinstance(last, Constant) and title_of(last.value) == summary
