"""Icinga 2: the runtime macros of a notification, https://icinga.com/docs/icinga-2/latest/doc/03-monitoring-basics/#runtime-macros."""

from oncall.intake.adapters.nagios import IGNORED, SEVERITIES, STATES, read_notification
from oncall.intake.rules import Fields, said_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

SERVICE_STATE = ("service.state", "service_state", "SERVICESTATE")
HOST_STATE = ("host.state", "host_state", "HOSTSTATE")
HOST = ("host.name", "host_name", "HOSTNAME")
SERVICE = ("service.name", "service_name", "SERVICENAME", "SERVICEDESC", "SERVICEDISPLAYNAME")

FIELDS = Fields(
    title=SERVICE + HOST,
    identity={"icinga_host": HOST, "service": SERVICE},
    state=("notification.type", "notification_type", "NOTIFICATIONTYPE", *SERVICE_STATE, *HOST_STATE),
    states=STATES,
    ignored=IGNORED,
    severity=SERVICE_STATE + HOST_STATE,
    severities=SEVERITIES,
    source=("host.display_name", "host_display_name", "HOSTDISPLAYNAME", *HOST),
    component=("service.display_name", "service_display_name", "SERVICEDISPLAYNAME", *SERVICE),
    links={
        "icingaweb_url": "Icinga Web",
        "service.action_url": "service",
        "service.notes_url": "notes",
        "host.action_url": "host",
        "host.notes_url": "notes",
    },
    occurred_at=("icinga.timet", "timet"),
)
FLAT = ({"notification.type", "host.name"}, {"notification_type", "host_name"}, {"NOTIFICATIONTYPE", "HOSTNAME", "SERVICENAME"})
"""The last are the names in its own notification scripts, of which Nagios has all but SERVICENAME."""
OTHERS = {"WHAT", "OMD_SITE"}


def knows(value: object, _: Received) -> bool:
    """By the type of the notification and the host, as Icinga 2 calls its macros: with dots, with `_`, or as objects."""
    if not isinstance(value, dict) or not OTHERS.isdisjoint(value):
        return False
    match value:
        case {"notification": {"type": _}, "host": {"name": _}}:
            return True
        case _:
            return any(names <= value.keys() for names in FLAT)


def read(value: object, _: Received) -> list[Reading]:
    """One event: a service on a host, or the host itself."""
    if not isinstance(value, dict) or not said_at(value, FIELDS.state):
        raise Unreadable("it has neither a notification type nor a state")
    return [read_notification(value, FIELDS, SERVICE_STATE + HOST_STATE)]


GUIDE = """
In Icinga 2, one command serves hosts and services (Icinga leaves out the arguments whose macro is not there):

```
object NotificationCommand "oncall" {
  command = [ "/usr/bin/curl", "-sS", "--fail", "--max-time", "20", "--retry", "3", "{url}" ]
  arguments = {
    "type" = { key = "--data-urlencode", value = "notification.type=$notification.type$" }
    "host" = { key = "--data-urlencode", value = "host.name=$host.name$" }
    "host_title" = { key = "--data-urlencode", value = "host.display_name=$host.display_name$" }
    "host_state" = { key = "--data-urlencode", value = "host.state=$host.state$" }
    "host_output" = { key = "--data-urlencode", value = "host.output=$host.output$" }
    "service" = { key = "--data-urlencode", value = "service.name=$service.name$" }
    "service_title" = { key = "--data-urlencode", value = "service.display_name=$service.display_name$" }
    "service_state" = { key = "--data-urlencode", value = "service.state=$service.state$" }
    "service_output" = { key = "--data-urlencode", value = "service.output=$service.output$" }
  }
}
object User "oncall" { }
apply Notification "oncall" to Service { command = "oncall", users = [ "oncall" ], interval = 0, assign where true }
apply Notification "oncall" to Host { command = "oncall", users = [ "oncall" ], interval = 0, assign where true }
```

The alert is known by `host.name` and `service.name`. `RECOVERY` resolves, `ACKNOWLEDGEMENT` acknowledges, notices about flapping and
downtimes are recorded and page nobody.
"""

EXAMPLE = """{
  "notification.type": "PROBLEM", "host.name": "web-1", "host.display_name": "Web server 1", "host.state": "UP",
  "service.name": "http", "service.display_name": "HTTP", "service.state": "CRITICAL", "service.output": "connect: Connection refused"
}"""

DIALECT = Dialect(
    type=IntegrationType.ICINGA,
    name="Icinga 2",
    group="Servers and networks",
    read=read,
    knows=knows,
    resolves="Sends `RECOVERY` (the notification's `types` hold `Recovery`, as by default).",
    guide=GUIDE,
    example=EXAMPLE,
)
