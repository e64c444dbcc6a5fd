"""A dialect that is a table of names and words, as a mapping document: a beginning for somebody whose monitor speaks nearly so."""

import re
from collections.abc import Sequence

from oncall.intake.rules.fields import Fields, Paths
from oncall.intake.rules.mapping.document import Document

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def mapping_of(fields: Fields, name: str) -> Document:
    """One rule that reads what `read_fields` reads; the names of states that are no alert become rows that say why."""
    table: Document = {word: action.value for word, action in fields.states.items()}
    table |= {word: {"ignore": reason} for word, reason in fields.ignored.items()}
    action: Document = {"from": [_sources(fields.state)], "table": table} if fields.state else {}
    event: Document = {
        "dedup_key": _key(fields),
        "summary": [*_sources(fields.title), {"value": fields.untitled}],
        "action": action | {"default": fields.otherwise.value},
        "severity": {"from": _sources(fields.severity), "table": {word: one.value for word, one in fields.severities.items()}},
        "source": _sources(fields.source),
        "component": _sources(fields.component),
        "group": _sources(fields.group),
        "class": _sources(fields.class_),
        "occurred_at": _sources(fields.occurred_at),
        "delivery_id": _sources(fields.delivery_id),
        "labels": {"*": _sources(fields.labels)} if fields.labels else {},
        "links": [{"href": expression_of(path), "text": {"value": text}} for path, text in fields.links.items()],
    }
    if not fields.severity:
        del event["severity"]
    rule: Document = {"name": name, "event": {field: said for field, said in event.items() if said not in (None, [], {})}}
    if fields.secret:
        rule["hide"] = sorted(fields.secret)
    return {"rules": [rule]}


def _key(fields: Fields) -> object:
    key: list[object] = list(_sources(fields.key))
    if fields.identity:
        key.append({"named": [{name: _sources(paths)} for name, paths in fields.identity.items()]})
    return key


def _sources(paths: Paths) -> list[str]:
    return [expression_of(path) for path in paths]


def expression_of(path: str) -> str:
    """`alerts.0.name` as an expression."""
    return _steps(path.split("."))


def _steps(names: Sequence[str]) -> str:
    said = ""
    for name in names:
        if name.isdecimal() and said:
            said += f"[{name}]"
        else:
            said += ("." if said else "") + (name if IDENTIFIER.fullmatch(name) else f'"{name}"')
    return said
