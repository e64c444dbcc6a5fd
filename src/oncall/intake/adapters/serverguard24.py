"""ServerGuard24's webhook, https://www.serverguard24.com: one service of one server was checked."""

from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.adapters.nagios import titled
from oncall.intake.rules import Fields, read_fields, said_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("service_name", "server_name"),
    identity={"serverguard24_server": ("server_name", "server_address"), "service": ("service_shortname", "service_name")},
    state=("check_result",),
    states={"ok": Action.RESOLVE},
    severity=("check_result",),
    severities={"critical": Severity.CRITICAL, "warning": Severity.WARNING},
    source=("server_name", "server_address"),
    component=("service_name", "service_shortname"),
)
OF_THE_CHECK = "service_arg_"
"""How a check is set up; a login is among it."""


def knows(value: object, _: Received) -> bool:
    """By a server, its service and the check's result."""
    return isinstance(value, dict) and {"server_name", "service_shortname", "check_result"} <= value.keys()


def read(value: object, _: Received) -> list[Reading]:
    """One event. Its time is that of a clock whose zone it does not tell."""
    if not isinstance(value, dict) or not said_at(value, (*FIELDS.state, *FIELDS.source)):
        raise Unreadable("it has neither a server nor a result")
    reading = read_fields(value, FIELDS)
    return [
        replace(
            reading,
            summary=titled(reading.component, reading.source)[:1024] or "check without a name",
            details={name: said for name, said in reading.details.items() if not name.startswith(OF_THE_CHECK)},
        )
    ]


GUIDE = """
In ServerGuard24, add a contact of the type *Webhook* with the URL `{url}`, and choose it for the servers and services that shall page, for
critical, warning and OK. The alert is known by server and service; `CRITICAL` and `WARNING` are its severity.
"""

EXAMPLE = """{
  "server_name": "shop", "server_address": "shop.example.com", "service_name": "Disk", "service_shortname": "disk-var",
  "check_result": "CRITICAL", "check_output": "/var is 97 % full", "notification_time": "01.03.2026 03:12:00"
}"""

DIALECT = Dialect(
    type=IntegrationType.SERVERGUARD24,
    name="ServerGuard24",
    group="Servers and networks",
    read=read,
    knows=knows,
    resolves="Sends `OK`.",
    guide=GUIDE,
    example=EXAMPLE,
)
