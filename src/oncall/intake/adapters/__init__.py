"""One file per dialect: pure functions from what a monitor sent to what it means, registered by integration type."""

from collections.abc import Callable

from oncall.intake.adapters import alertmanager, generic, pagerduty
from oncall.intake.values import Reading
from oncall.services.values import IntegrationType

Adapter = Callable[[object], list[Reading]]
"""From the decoded body to its events; raises Unreadable if it is not of the dialect."""

ADAPTERS: dict[IntegrationType, Adapter] = {
    IntegrationType.ALERTMANAGER: alertmanager.read,
    IntegrationType.PAGERDUTY: pagerduty.read,
    IntegrationType.GENERIC: generic.read,
}
