"""Apprise's json://, form:// and xml:// notifications, https://github.com/caronc/apprise/wiki/Notify_Custom_JSON."""

from oncall.incidents.values import Severity
from oncall.intake.rules import Fields, read_fields, said_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

TITLE = ("title", "Subject", "message", "Message")
TYPE = ("type", "MessageType")

FIELDS = Fields(
    title=TITLE,
    # What the user adds with `:name=value` to Apprise's address; Apprise itself has no identity.
    key=("dedup_key",),
    # `success` is a kind of message; it does not say that anything is over.
    severity=TYPE,
    severities={
        "failure": Severity.ERROR,
        "warning": Severity.WARNING,
        "info": Severity.INFO,
        "success": Severity.INFO,
    },
    source=("host", "source"),
)
OF_XML = {"Subject", "Message", "MessageType"}
OF_JSON = {"version", "title", "message", "type"}
TYPES = ("failure", "warning", "info", "success")


def knows(value: object, _: Received) -> bool:
    """By its version, title, message and one of the four types; in XML by their names there."""
    if not isinstance(value, dict):
        return False
    return value.keys() >= OF_XML or (value.keys() >= OF_JSON and value["type"] in TYPES)


def read(value: object, _: Received) -> list[Reading]:
    """One event; attachments are left out, they hold whole files."""
    if not isinstance(value, dict) or not said_at(value, TITLE):
        raise Unreadable("it has neither a title nor a message")
    body = {name: said for name, said in value.items() if name not in {"attachments", "Attachments", "xsi", "version", "Version"}}
    return [read_fields(body, FIELDS)]


GUIDE = """
Any of these addresses, in whatever uses Apprise (`json://` for plain http, `jsons://` for https; the same for `form` and `xml`):

```sh
apprise --notification-type=failure -t "Disk of db-1 is full" -b "/var is at 99 %" \\
  "jsons://ONCALL_HOST/intake/{key}?:dedup_key=db-1/disk"
```

`ONCALL_HOST` is the name of this server. `failure` is an error, `warning` a warning, `info` and `success` are information: none of them
says that a problem is over. Without a `:dedup_key=` in the address each message is an alert of its own.
"""

EXAMPLE = """{"version": "1.0", "title": "Backup of db-1", "message": "pg_dump left with status 1", "attachments": [], "type": "failure"}"""

DIALECT = Dialect(
    type=IntegrationType.APPRISE,
    name="Apprise",
    group="Your own",
    read=read,
    knows=knows,
    resolves="Never says that it is over: resolve by hand or with auto-resolve.",
    guide=GUIDE,
    example=EXAMPLE,
)
