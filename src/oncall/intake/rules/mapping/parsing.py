"""A mapping read from its document: everything that is wrong with it is found, not only the first."""

from collections.abc import Mapping as JsonObject

from oncall.incidents.values import Action
from oncall.intake.rules.mapping.document import (
    INSTANTS,
    TEXTS,
    EventFields,
    Ignore,
    Link,
    Mapping,
    Rule,
    Source,
    may_mean,
)
from oncall.intake.rules.mapping.faults import BadMapping, Faults
from oncall.intake.rules.mapping.sources import NOTHING, Budget, parse_condition, parse_source
from oncall.intake.rules.mapping.words import MAX_CASES, MAX_REASON, action_word, parse_words, severity_word
from oncall.kit.zones import UnknownZone, check_zone

MAX_RULES = 20
MAX_LABELS = 100
MAX_LINKS = 20
MAX_NAME = 100
MAX_HIDDEN = 100

RULE = ("name", "when", "split", "ignore", "hide", "event")
EVENT = ("dedup_key", "action", "severity", "labels", "links", "details", *TEXTS)

OF_LINKS = {"url": "href", "link": "href", "address": "href", "title": "text", "name": "text"}
"""What others call the parts of a link."""


def parse_mapping(document: object, *, field: str = "mapping") -> Mapping:
    """Raises BadMapping with every fault, each with its place below `field`."""
    faults, budget = Faults(), Budget()
    rules: list[Rule] = []
    if not isinstance(document, dict):
        faults.add("", 'it must be an object, such as {"rules": [{"event": {"summary": "title", "dedup_key": "id"}}]}')
    else:
        faults.check_names(document, ("rules",), "")
        said = document.get("rules")
        if not isinstance(said, list) or not said:
            faults.add("rules", "it must be a list with at least one rule")
        elif len(said) > MAX_RULES:
            faults.add("rules", f"there are more than {MAX_RULES} rules")
        else:
            rules = [_rule(rule, f"rules.{n}", n, faults, budget) for n, rule in enumerate(said)]
            _check_reach(rules, faults)
    budget.check(faults)
    if faults:
        raise BadMapping(faults, field=field)
    return Mapping(tuple(rules))


def _check_reach(rules: list[Rule], faults: Faults) -> None:
    """A rule without a condition takes every body: what stands behind it would never be asked."""
    open_rule = next((n for n, rule in enumerate(rules[:-1]) if rule.when is None), None)
    if open_rule is not None and not faults:
        faults.add(f"rules.{open_rule}.when", "it is needed: without it this rule takes every body, and the rules behind it none")


def _rule(said: object, at: str, n: int, faults: Faults, budget: Budget) -> Rule:
    if not isinstance(said, dict):
        faults.add(at, 'it must be an object, such as {"event": {"summary": "title", "dedup_key": "id"}}')
        return Rule(f"rule {n + 1}")
    faults.check_names(said, RULE, at)
    when, split = (
        parse_condition(said[name], f"{at}.{name}", faults, budget) if said.get(name) is not None else None for name in ("when", "split")
    )
    ignore = tuple(
        _ignore(one, f"{at}.ignore.{m}", faults, budget)
        for m, one in enumerate(faults.list_of(said.get("ignore"), f"{at}.ignore", MAX_CASES))
    )
    hidden = faults.list_of(said.get("hide"), f"{at}.hide", MAX_HIDDEN)
    if not all(isinstance(name, str) for name in hidden):
        faults.add(f"{at}.hide", "it must be a list of names of members that nobody may see")
    name = faults.line_of(said.get("name"), f"{at}.name", MAX_NAME) or f"rule {n + 1}"
    event = None
    if said.get("event") is not None:
        event = _event(said["event"], f"{at}.event", faults, budget)
    elif not any(one.when is None for one in ignore):
        faults.add(f"{at}.event", 'it is needed, with dedup_key or summary at least; or "ignore": [{"reason": …}] if all this is no alert')
    return Rule(name, when, split, ignore, event, frozenset(map(str, hidden)))


def _ignore(said: object, at: str, faults: Faults, budget: Budget) -> Ignore:
    match said:
        case dict():
            faults.check_names(said, ("when", "reason"), at)
            when = parse_condition(said["when"], f"{at}.when", faults, budget) if said.get("when") is not None else None
            reason = faults.line_of(said.get("reason"), f"{at}.reason", MAX_REASON)
            if not reason:
                faults.add(f"{at}.reason", "it is needed: it is told whoever asks why nobody was paged")
            return Ignore(when, reason)
        case _:
            faults.add(at, 'it must be an object, such as {"when": "test == \'yes\'", "reason": "a test of the monitor"}')
            return Ignore(None, "")


def _event(said: object, at: str, faults: Faults, budget: Budget) -> EventFields:
    if not isinstance(said, dict):
        faults.add(at, 'it must be an object, such as {"summary": "title", "dedup_key": "id"}')
        return EventFields()
    faults.check_names(said, EVENT, at)
    said, zones = _without_zones(said, at, faults)
    texts = tuple((name, source) for name in TEXTS if (source := _source(said, name, at, faults, budget)) is not None)
    event = EventFields(
        dedup_key=_source(said, "dedup_key", at, faults, budget, is_key=True),
        action=parse_words(said.get("action"), f"{at}.action", action_word, faults, budget),
        severity=parse_words(said.get("severity"), f"{at}.severity", severity_word, faults, budget),
        texts=texts,
        labels=_members(said.get("labels"), f"{at}.labels", faults, budget),
        links=tuple(
            _link(link, f"{at}.links.{n}", faults, budget)
            for n, link in enumerate(faults.list_of(said.get("links"), f"{at}.links", MAX_LINKS))
        ),
        details=_members(said["details"], f"{at}.details", faults, budget) if said.get("details") is not None else None,
        zones=zones,
    )
    has_summary = said.get("summary") is not None
    if not has_summary and event.dedup_key is None:
        faults.add(at, "it needs a summary, a dedup_key, or better both: without either nothing says what the event is about")
    elif not has_summary and may_mean(event, Action.TRIGGER):
        faults.add(f"{at}.summary", 'it is needed where an event may trigger; for one that only ends: "action": {"default": "resolve"}')
    return event


def _without_zones(said: dict[str, object], at: str, faults: Faults) -> tuple[dict[str, object], tuple[tuple[str, str], ...]]:
    """The fields with instants as mere sources, and the zones that those without an offset are in."""
    zones: dict[str, str] = {}
    for name in INSTANTS:
        zoned = said.get(name)
        if not isinstance(zoned, dict) or zoned.keys().isdisjoint({"from", "time_zone"}):
            continue
        faults.check_names(zoned, ("from", "time_zone"), f"{at}.{name}")
        if zoned.get("from") is None:
            faults.add(f"{at}.{name}.from", "it is needed: it says where the time stands")
        said = {**said, name: zoned.get("from")}
        try:
            zones[name] = check_zone(f"{zoned.get('time_zone') or ''}")
        except UnknownZone as unknown:
            faults.add(f"{at}.{name}.time_zone", f"{unknown}")
    return said, tuple(zones.items())


def _source(said: JsonObject[str, object], name: str, at: str, faults: Faults, budget: Budget, *, is_key: bool = False) -> Source | None:
    return parse_source(said[name], f"{at}.{name}", faults, budget, is_key=is_key) if said.get(name) is not None else None


def _members(said: object, at: str, faults: Faults, budget: Budget) -> tuple[tuple[str, Source], ...]:
    if said is None:
        return ()
    if not isinstance(said, dict):
        faults.add(at, 'it must be an object of names and expressions, such as {"host": "HOST", "*": "tags"}; "*" takes a whole object')
        return ()
    if len(said) > MAX_LABELS:
        faults.add(at, f"there are more than {MAX_LABELS}")
        return ()
    return tuple((name, parse_source(source, f"{at}.{name}", faults, budget)) for name, source in sorted(said.items()))


def _link(said: object, at: str, faults: Faults, budget: Budget) -> Link:
    if not isinstance(said, dict) or not said.keys().isdisjoint({"value", "join"}):
        return Link(parse_source(said, at, faults, budget))
    faults.check_names(said, ("href", "text"), at, meaning=OF_LINKS)
    if said.get("href") is None:
        faults.add(f"{at}.href", 'it is needed, as in {"href": "url", "text": {"value": "dashboard"}}')
        return Link(NOTHING)
    text = parse_source(said["text"], f"{at}.text", faults, budget) if said.get("text") is not None else None
    return Link(parse_source(said["href"], f"{at}.href", faults, budget), text)
