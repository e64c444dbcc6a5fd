"""The generic provider of Flux's notification controller: https://fluxcd.io/flux/components/notification/providers/#generic-webhook."""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, one_line, read_fields, said_at, text_of, title_of, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("message", "reason"),
    identity={
        "flux_kind": ("involvedObject.kind",),
        "namespace": ("involvedObject.namespace",),
        "name": ("involvedObject.name",),
        "cluster": ("metadata.cluster",),  # what the docs of `eventMetadata` name it
    },
    severity=("severity",),
    component=("reportingController",),
    group=("metadata.cluster", "involvedObject.namespace"),
    class_=("reason",),
    labels=("metadata",),
    occurred_at=("timestamp",),
    untitled="event of Flux without a message",
)
SUCCESSES = frozenset({"succeeded", "reconciliationsucceeded", "newartifact", "artifactuptodate", "info"})
REMEDIES = {
    "rollbacksucceeded": "the failed release was rolled back: it still is not what it should be",
    "uninstallsucceeded": "the failed release was uninstalled: it still is not what it should be",
}


def read(value: object, _: Received) -> list[Reading]:
    """One event about one object of Flux."""
    if not isinstance(value, dict) or not isinstance(value.get("involvedObject"), dict):
        raise Unreadable("it has no involvedObject")
    action, reason = _action(value)
    name = "/".join(text_of(said_at(value, (f"involvedObject.{part}",))) for part in ("kind", "namespace", "name")).strip("/")
    reading = read_fields(value, FIELDS)
    return [
        replace(reading, action=action, reason=reason, source=one_line(name), summary=title_of(f"{name}: {reading.summary}".lstrip(": ")))
    ]


def _action(value: Mapping[str, object]) -> tuple[Action, str]:
    """An error fires; of what is only told (`info`), success resolves, and everything else is on the way to it or away from it."""
    severity, reason = word_at(value, ("severity",)), word_at(value, ("reason",))
    if severity not in {"info", "trace"}:
        return Action.TRIGGER, ""
    if reason in REMEDIES:
        return Action.IGNORE, REMEDIES[reason]
    if severity == "info" and (reason in SUCCESSES or reason.endswith("succeeded")):
        return Action.RESOLVE, ""
    return Action.IGNORE, "it tells how far the reconciliation is"


def knows(value: object, _: Received) -> bool:
    """By the object and the controller that reports it."""
    return isinstance(value, dict) and isinstance(value.get("involvedObject"), dict) and "reportingController" in value


GUIDE = """
```yaml
apiVersion: v1
kind: Secret
metadata: {name: oncall, namespace: flux-system}
stringData:
  address: {url}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: {name: oncall, namespace: flux-system}
spec:
  type: generic
  secretRef: {name: oncall}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {name: oncall, namespace: flux-system}
spec:
  providerRef: {name: oncall}
  eventSeverity: info
  eventMetadata: {cluster: prod-eu}
  eventSources:
    - {kind: Kustomization, name: "*"}
    - {kind: HelmRelease, name: "*"}
    - {kind: GitRepository, name: "*"}
```

Kind, namespace and name of the object, and the `cluster` of `eventMetadata`, say which alert it is. `eventSeverity: info` matters: Flux
says "error" of what fails and tells success as "info"; with `error` nothing ever resolves.
"""

EXAMPLE = """{
  "involvedObject": {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "namespace": "shop", "name": "checkout",
    "uid": "11111111-2222-4333-8444-555555555555"},
  "metadata": {"kustomize.toolkit.fluxcd.io/revision": "main@sha1:c0ffee", "cluster": "prod-eu"},
  "severity": "error", "reason": "HealthCheckFailed", "message": "timeout waiting for: Deployment/shop/checkout",
  "reportingController": "kustomize-controller", "reportingInstance": "kustomize-controller-1", "timestamp": "2026-03-01T03:12:00Z"
}"""

DIALECT = Dialect(
    type=IntegrationType.FLUX,
    name="Flux",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Tells success as `info`, which `eventSeverity: info` lets through.",
    guide=GUIDE,
    example=EXAMPLE,
)
