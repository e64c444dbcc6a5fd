"""Splunk's webhook alert action, https://docs.splunk.com/Documentation/Splunk/latest/Alert/Webhooks: a saved search found something."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

from oncall.intake.rules import Fields, labels_of, named_key, read_fields, said_at, text_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("search_name", "result._raw"),
    severity=("result.severity", "result.urgency", "result.priority"),
    source=("result.host", "result.dest", "result.splunk_server"),
    component=("result.source",),
    group=("app",),
    class_=("result.sourcetype",),
    links={"results_link": "results", "view_link": "alert"},
    occurred_at=("result._time",),
    untitled="Splunk alert without a name",
)
MAX_COLUMNS = 200


def read(value: object, _: Received) -> list[Reading]:
    """One event: it is sent when the search finds something, with the first row of what it found."""
    if not isinstance(value, dict) or value.keys().isdisjoint({"sid", "search_name", "results_link"}):
        raise Unreadable("it has neither a search_name nor a sid")
    result = value.get("result")
    columns = (
        {name: said for name, said in islice(result.items(), MAX_COLUMNS) if _is_column(name, said)} if isinstance(result, dict) else {}
    )
    return [replace(read_fields(value, FIELDS), dedup_key=_key(value), labels=labels_of(columns))]


def _key(value: Mapping[str, object]) -> str | None:
    """The search by its name, else by what precedes the time in the id of its run, in its app and on one host."""
    search = said_at(value, ("search_name",)) or text_of(value.get("sid")).rpartition("_at_")[0]
    where = {"app": said_at(value, ("app",)), "host": said_at(value, ("result.host",))}
    return named_key({"splunk_search": search, **where}) if search else None


def _is_column(name: str, said: object) -> bool:
    """Splunk's own columns, and the parts of a date, are no labels."""
    return isinstance(said, str) and said != "" and not name.startswith(("_", "date_"))


def knows(value: object, _: Received) -> bool:
    """By the run of a search, its app and owner; name and link may be missing."""
    return isinstance(value, dict) and value.keys() >= {"sid", "app", "owner"} and not value.keys().isdisjoint({"result", "results_link"})


GUIDE = """
In Splunk: save the search as an alert, then **Edit → Edit Alert → Trigger Actions → Add Actions → Webhook**, URL `{url}`. Where an allow
list is in force, add the address in **Settings → Server settings → Webhook allow list**.

One search, in one app and on one host (`result.host`), is one alert, however often it runs. To tell more apart, choose *Trigger: For each
result* and let the search yield a `host`. Splunk sends no severity: let the search yield one, `| eval severity="critical"`.
"""

EXAMPLE = """{
  "sid": "scheduler__admin__search__RMD5aa11_at_1772334720_42", "search_name": "Failed payments", "app": "search", "owner": "admin",
  "results_link": "https://splunk.example.com/app/search/@go?sid=scheduler__admin__search__RMD5aa11_at_1772334720_42",
  "result": {"host": "pay-1", "source": "/var/log/pay.log", "sourcetype": "json", "severity": "error", "count": "17"}
}"""

DIALECT = Dialect(
    type=IntegrationType.SPLUNK,
    name="Splunk",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Never says that it is over: resolve by hand.",
    guide=GUIDE,
    example=EXAMPLE,
)
