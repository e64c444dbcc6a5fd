"""What matchers see of an alert. Pure."""

from collections.abc import Mapping


def match_labels(labels: Mapping[str, str], *, severity: str, summary: str, source: str, dedup_key: str, service: str) -> dict[str, str]:
    """Its own labels, and where none has the name, what else it says: Prometheus' `severity="page"` is a label like any other."""
    said = {"severity": severity, "summary": summary, "source": source, "dedup_key": dedup_key, "service": service}
    return {**said, **labels}
