"""Which headers of a request are kept beside its body: what a reader needs to know where it came from and how it was meant, no secret."""

import re
from collections.abc import Mapping
from functools import lru_cache

from oncall.intake.rules.decoding import cut
from oncall.intake.rules.secrets import HIDDEN, is_secret, without_login
from oncall.kit.stored_text import storable

MAX_HEADERS, MAX_VALUE = 40, 1_024

# Not kept: what opens a door (authorization, cookies, tokens), and whose machine it was (x-forwarded-for).
KEPT = frozenset({
    "user-agent", "content-type", "content-encoding", "content-language", "date",
    "idempotency-key", "request-id", "x-request-id", "x-correlation-id", "traceparent",
    "x-event-id", "x-event-key", "x-event-type", "x-delivery-id", "webhook-id", "webhook-timestamp",
    "x-webhook-id", "x-webhook-timestamp", "x-webhook-subscription", "x-pagerduty-webhook-id",
    "x-github-event", "x-github-delivery", "x-github-hook-id", "x-gitlab-event", "x-gitlab-event-uuid", "x-gitlab-webhook-uuid",
    "x-gitlab-instance", "x-atlassian-webhook-identifier", "x-statuspage-event", "x-newrelic-id", "x-splunk-app", "x-opsgenie-request-id",
})  # fmt: skip
BEGINNINGS = ("ce-", "x-amz-sns-", "sentry-hook-", "x-grafana-")
SIGNATURE = re.compile(r"signature|hmac|hub-sig|(^|-)sig(-|$)|digest")


def kept_headers(headers: Mapping[str, str], *, key: str = "") -> dict[str, str]:
    """Those that matter, by their names in lower case, without secrets and without the integration's `key`; of a signature, that there
    was one, and how long the body was only where it is kept otherwise than it was sent.
    """
    kept: dict[str, str] = {}
    for name, said in headers.items():
        how = _how(name)
        if how is None or len(kept) >= MAX_HEADERS:
            continue
        text = HIDDEN if how else cut(without_login(storable(said)), MAX_VALUE)
        kept[name.lower()] = text.replace(key, HIDDEN) if key else text
    length = headers.get("content-length", "") if "content-encoding" in headers else ""
    return kept | {"content-length": cut(storable(length), MAX_VALUE)} if length else kept


@lru_cache(maxsize=1_024)
def _how(name: str) -> bool | None:
    """Whether its value is hidden; None if it is not kept at all."""
    said = name.lower()
    if len(said) > 100 or not said.isascii():
        return None
    if SIGNATURE.search(said):
        return True
    return None if is_secret(said.rpartition("-")[2]) or is_secret(said) or not (said in KEPT or said.startswith(BEGINNINGS)) else False
