"""How Opsgenie's Alert API words its answers, and what its queries mean."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from oncall.incidents.values import Action, AlertFound, AlertSearch, Decision, EventSeen
from oncall.intake.adapters import opsgenie
from oncall.intake.hot.receiving import Refused
from oncall.kit.ids import IntegrationId

PRIORITIES = {"critical": "P1", "error": "P2", "warning": "P3", "info": "P5", "unknown": "P3"}
TERM = re.compile(r"""(?P<name>\w+)\s*[:=]\s*(?P<said>"[^"]*"|\S+)|"(?P<quoted>[^"]*)"|(?P<word>\S+)""")
NOT_OPEN = "There is no open alert"
"""Zabbix asks on and on until it reads this."""

NOT_A_WORD = re.compile(r"[<>()]|^(?:AND|OR|NOT)$")
KNOWN = "status, acknowledged, alias, tinyId, message"


def search_of(query: str, order: str) -> AlertSearch:
    """A query of `name: value` terms and words, all of which must hold; what is not known is refused rather than left out."""
    asked: dict[str, Any] = {}
    words: list[str] = []
    for term in TERM.finditer(query.replace("\x00", "")):
        name, said = (term["name"] or "").lower(), (term["said"] or "").strip('"')
        match name:
            case "" if term["quoted"] is not None or not NOT_A_WORD.search(term["word"]):
                words.append(term["quoted"] or term["word"] or "")
            case "" if term["word"] == "AND":
                continue
            case "status" if said.lower() in {"open", "closed"} and "is_open" not in asked:
                asked["is_open"] = said.lower() == "open"
            case "acknowledged" if said.lower() in {"true", "false"} and "acknowledged" not in asked:
                asked["acknowledged"] = said.lower() == "true"
            case "alias" if "dedup_key" not in asked:
                asked["dedup_key"] = opsgenie.alias_of(said)
            case "tinyid" if said.isascii() and said.isdecimal() and len(said) < 18 and "number" not in asked:
                asked["number"] = int(said)
            case "message":
                words.append(said.strip("*"))
            case _:
                raise Refused(422, f"The query cannot be understood at {term[0]!r}: what is known is {KNOWN}, each once, joined by AND.")
    return AlertSearch(**asked, words=tuple(filter(None, words)), oldest_first=order == "asc")


def _instant(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z" if at else None


def status_of(event: EventSeen) -> dict[str, Any]:
    """What became of a request."""
    verb = opsgenie.verb_of(event.action, event.summary)
    exists = event.decision is not Decision.NO_OPEN_ALERT and (event.action is not Action.IGNORE or event.alert_id is not None)
    return {
        "success": exists,
        "action": verb.name,
        "processedAt": _instant(event.received_at),
        "integrationId": str(event.integration_id),
        "isSuccess": exists,
        "status": verb.done if exists else NOT_OPEN,
        "alertId": str(event.alert_id or ""),
        "alias": event.dedup_key if exists else "",
    }


def alert_of(found: AlertFound, names: Mapping[IntegrationId, str]) -> dict[str, Any]:
    """An alert as it stands in a list."""
    alert = found.alert
    priority, responders = alert.told.details.get("priority"), alert.told.details.get("responders")
    return {
        "id": str(alert.id),
        "tinyId": str(found.number),
        "alias": alert.dedup_key,
        "message": alert.summary,
        "status": "open" if alert.is_open else "closed",
        "acknowledged": found.acknowledged,
        "isSeen": found.acknowledged,
        "snoozed": False,
        "tags": _texts(alert.told.details.get("tags")),
        "count": alert.event_count,
        "createdAt": _instant(alert.first_seen_at),
        "lastOccurredAt": _instant(alert.last_seen_at),
        "updatedAt": _instant(alert.resolved_at or found.acknowledged_at or alert.last_seen_at),
        "source": alert.told.source,
        "owner": found.acknowledged_by,
        "priority": priority if priority in PRIORITIES.values() else PRIORITIES[alert.severity.value],
        "responders": responders if isinstance(responders, list) else [],
        "integration": {"id": str(found.integration_id), "name": names.get(found.integration_id, ""), "type": "API"},
        "report": {
            name: said
            for name, said in {
                "acknowledgedBy": found.acknowledged_by,
                "ackTime": _since(alert.first_seen_at, found.acknowledged_at),
                "closedBy": found.resolved_by if not alert.is_open else "",
                "closeTime": _since(alert.first_seen_at, alert.resolved_at),
            }.items()
            if said
        },
    }


def more_of(found: AlertFound) -> dict[str, Any]:
    """What the original tells of one alert, but not in a list."""
    details = found.alert.told.details
    entity, description, own = details.get("entity"), details.get("description"), details.get("details")
    return {
        "actions": _texts(details.get("actions")),
        "entity": entity if isinstance(entity, str) else "",
        "description": description if isinstance(description, str) else "",
        "details": own if isinstance(own, dict) else found.alert.told.labels,
    }


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _since(start: datetime, end: datetime | None) -> int:
    """Milliseconds."""
    return round((end - start).total_seconds() * 1000) if end else 0
