"""ElastAlert's `post`, `post2` and PagerTree alerters: https://elastalert2.readthedocs.io/en/latest/alerts.html#http-post."""

from dataclasses import replace

from oncall.intake.adapters import generic
from oncall.intake.rules import ACTIONS, Fields, named_key, read_fields, said_at, title_of
from oncall.intake.values import Dialect, Reading, Received
from oncall.services.values import IntegrationType

RULE = ("elastalert_rule", "rule_name", "rule_param_name")
HOST = ("host.name", "hostname", "host", "agent.name", "beat.name")
# A match is a document of the user's: of its words only those that an alerter adds mean what they say.
MATCH = Fields(
    title=("alert_subject", *RULE),
    key=("dedup_key",),
    severity=("severity", "priority", "level"),
    source=HOST,
    class_=RULE,
    labels=("labels", "tags"),
    links={"kibana_discover_url": "documents", "opensearch_discover_url": "documents", "kibana_link": "documents"},
    occurred_at=("@timestamp", "timestamp"),
    untitled="ElastAlert rule without a name",
)
PAGERTREE = Fields(
    title=("Title",),
    key=("Id",),
    state=("event_type",),
    states=ACTIONS,
    severity=("Urgency",),
    untitled="ElastAlert rule without a name",
)
OF_PAGERTREE = frozenset({"Title", "Id"})
COUNTED = frozenset({"num_hits", "num_matches"})
"""What ElastAlert adds to each match."""


def read(value: object, received: Received) -> list[Reading]:
    """One event; a match without a rule, and a body in the user's own words, is read by common ones."""
    if not isinstance(value, dict):
        return generic.read(value, received)
    rule = said_at(value, RULE)
    if not rule and not value.keys() >= COUNTED:
        return [read_fields(value, PAGERTREE)] if value.keys() >= OF_PAGERTREE else generic.read(value, received)
    reading = read_fields(value, MATCH)
    identity = {"elastalert_rule": rule, "host": said_at(value, HOST), "query_key": said_at(value, ("query_key",))}
    named = said_at(value, MATCH.title) is not None
    return [
        replace(
            reading,
            summary=reading.summary if named else title_of(said_at(value, ("message",))) or reading.summary,
            dedup_key=reading.dedup_key or (named_key(identity) if rule else None),
        )
    ]


def knows(value: object, _: Received) -> bool:
    """By the name of a rule as ElastAlert calls it, or by what it counts in each match."""
    return isinstance(value, dict) and ("elastalert_rule" in value or value.keys() >= COUNTED)


GUIDE = """
In a rule, with ElastAlert 2:

```yaml
name: Failed payments
alert: [post2]
http_post2_url: {url}
http_post2_payload:
  elastalert_rule: Failed payments
  severity: critical
  host: "{{hostname}}"
  query_key: "{{username}}"
  message: "{{message}}"
http_post2_all_values: true
```

With the alerter `post`, name the rule in `http_post_static_payload: {elastalert_rule: Failed payments, severity: critical}`. Without it
only the match is sent, in which nothing says what it belongs to: each is an alert of its own.

The rule, the host and `query_key` say which alert it is, unless the payload has a `dedup_key`. What the matched document says of a
`status` or an `alias` of its own counts for nothing. `pagertree` bodies are read by their `Id`, which ElastAlert makes anew each time.
"""

EXAMPLE = """{
  "elastalert_rule": "Failed payments", "severity": "critical", "host": "pay-1", "message": "card declined by bank", "num_hits": 17,
  "num_matches": 1, "@timestamp": "2026-03-01T03:12:00Z"
}"""

DIALECT = Dialect(
    type=IntegrationType.ELASTALERT,
    name="ElastAlert",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Never says that it is over: resolve by hand.",
    guide=GUIDE,
    example=EXAMPLE,
    has_keys=True,
)
