"""Ready mappings: the dialects that a mapping can express, as documents to begin with."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module

from oncall.intake.adapters import __name__ as adapters
from oncall.intake.commands.dialects import DIALECTS
from oncall.intake.rules.mapping import mapping_of
from oncall.kit.errors import NotFound
from oncall.services.values import IntegrationType

EXPRESSIBLE = (
    IntegrationType.VICTOROPS,
    IntegrationType.DYNATRACE,
    IntegrationType.RACKSPACE,
    IntegrationType.VMWARE,
    IntegrationType.DASH0,
    IntegrationType.SCOM,
    IntegrationType.SOLARWINDS,
    IntegrationType.PAPERTRAIL,
    IntegrationType.PINGDOM,
    IntegrationType.STATUSCAKE,
    IntegrationType.HYPERPING,
    IntegrationType.INSPING,
    IntegrationType.RUNSCOPE,
    IntegrationType.APPRISE,
)
"""Whose adapter reads no more than its table of names says; a test holds each against every body we have."""


class UnknownMapping(NotFound):
    """There is no ready mapping of this type."""


@cache
def ready_mappings() -> Mapping[IntegrationType, Mapping[str, object]]:
    """Every ready mapping by its dialect's type."""
    return {type: exported(type) for type in EXPRESSIBLE}


def exported(type: IntegrationType) -> Mapping[str, object]:
    """The table of a dialect's adapter as a mapping."""
    return mapping_of(import_module(f"{adapters}.{type}").FIELDS, DIALECTS[type].name)


def ready_mapping(type: str) -> tuple[IntegrationType, Mapping[str, object]]:
    """Raises UnknownMapping for a type whose dialect is more than a table."""
    found = next((known for known in ready_mappings() if known == type), None)
    if found is None:
        raise UnknownMapping("There is no ready mapping of this type: GET /api/v1/mappings lists those there are.")
    return found, ready_mappings()[found]
