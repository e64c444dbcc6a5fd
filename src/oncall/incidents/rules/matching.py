"""What matchers see of an alert. Pure."""

from collections.abc import Mapping

FIELDS = ("severity", "summary", "source", "dedup_key", "service")
"""What every alert has, as labels: where it has none of its own by that name."""


def match_labels(labels: Mapping[str, str], *, severity: str, summary: str, source: str, dedup_key: str, service: str) -> dict[str, str]:
    """The alert's own labels, and for the names of FIELDS that are not among them what it is; `service` by its name."""
    return {"severity": severity, "summary": summary, "source": source, "dedup_key": dedup_key, "service": service, **labels}
