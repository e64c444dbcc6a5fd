"""StatusGator's webhook, https://support.statusgator.com/support/solutions/articles/47001226973: the status of somebody's status page.

Version 3 tells of monitors; version 2 and the first are flat, and tell of services.
"""

from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, read_fields, said_at, text_of, title_of, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("monitor.display_name", "service.name", "service_name"),
    identity={"statusgator_monitor": ("monitor.id",)},
    state=("status", "current_status"),
    states={"up": Action.RESOLVE},
    ignored={"maintenance": "the service is in maintenance"},
    severity=("status", "current_status"),
    severities={"down": Severity.CRITICAL, "warn": Severity.WARNING},
    source=("monitor.host", "service.slug", "slug", "service_name"),
    group=("board.name",),
    class_=("monitor.type", "type"),
    links={
        "service.status_page_url": "status page",
        "status_page_url": "status page",
        "service.landing_page_url": "StatusGator",
    },
    occurred_at=("recorded_at", "occurred_at"),
    untitled="StatusGator monitor without a name",
)
OWN = frozenset({"favicon_url", "status_page_url", "home_page_url", "component_status_changes"})
"""Names that the older versions have beside those of anybody's."""
OLDER = replace(FIELDS, identity={"statusgator_service": ("slug", "service_name")})


def knows(value: object, _: Received) -> bool:
    """By a monitor on a board (version 3), or a service with its page and the statuses before and after (older)."""
    if not isinstance(value, dict):
        return False
    older = {"service_name", "current_status", "last_status"} <= value.keys() and not OWN.isdisjoint(value.keys())
    return older or (
        "recorded_at" in value and "type" in value and isinstance(value.get("monitor"), dict) and isinstance(value.get("board"), dict)
    )


def read(value: object, _: Received) -> list[Reading]:
    """One event; an early warning is about the same problem as the outage it foresees."""
    if not isinstance(value, dict) or not ({"monitor", "board"} <= value.keys() or "current_status" in value):
        raise Unreadable("it has neither a monitor on a board nor a current_status")
    reading = read_fields(value, FIELDS if "monitor" in value else OLDER)
    message = text_of(said_at(value, ("message", "summary")))
    early = word_at(value, ("type",)) == "earlywarningsignal"
    return [
        replace(
            reading,
            summary=title_of(f"{reading.summary}: {message}" if message else reading.summary),
            severity=Severity.WARNING if early else reading.severity,
        )
    ]


GUIDE = """
In StatusGator: **Integrations → Advanced → Webhook → Add**, and enter `{url}`; version 3.0 is the current one, 2.0 is read as well. Choose
in the notification settings of the board which changes are sent.

A monitor is known by its id. `down` is critical, `warn` and an early warning signal are warnings, `maintenance` pages nobody. An early
warning and the outage that it foresees are one alert; if the outage never comes, nothing ends it.
"""

EXAMPLE = """{
  "type": "StatusChange", "recorded_at": "2026-03-01T03:12:00Z", "status": "down", "previous_status": "up",
  "service": {"id": "exampleMail", "name": "Example Mail", "slug": "example-mail", "status_page_url": "https://status.example.com"},
  "monitor": {"id": "exampleMon", "type": "ServiceMonitor", "display_name": "Example Mail"},
  "board": {"id": "exampleBrd", "name": "What we depend on"}, "message": "Mail is not delivered", "details": "We are looking into it."
}"""

DIALECT = Dialect(
    type=IntegrationType.STATUSGATOR,
    name="StatusGator",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends the status `up`.",
    guide=GUIDE,
    example=EXAMPLE,
)
