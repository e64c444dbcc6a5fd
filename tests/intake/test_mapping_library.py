"""Ready mappings: each reads what its dialect's adapter reads, in every body that we have."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from tests.intake.dialects.table import Body, received_of
from tests.intake.payloads import integration
from tests.intake.test_dialects import BODIES

from oncall.incidents.values import Event
from oncall.intake.commands import DIALECTS, read, received_as, to_events
from oncall.intake.commands.library import EXPRESSIBLE, ready_mappings
from oncall.intake.rules.mapping import parse_mapping, to_document
from oncall.intake.values import Received
from oncall.services.values import IntegrationType

ROWS = [row for row in BODIES if row.type in EXPRESSIBLE]

Said = tuple[str, str | None, str, str, bool]


def said(received: Received, type: str, mapping: Mapping[str, object] | None) -> list[Said]:
    """Action, key, severity, summary of each event, and whether it had to be read without the mapping."""
    ref = replace(integration("generic" if mapping else type), mapping=mapping)
    return [_said(event, ref.id.hex[-8:]) for event in to_events(read(received, ref), received, ref)]


def _said(event: Event, through: str) -> Said:
    key = None if event.dedup_key == f"{event.id}" else event.dedup_key.removesuffix(f" integration={through}")
    return event.action.value, key, event.severity.value, event.summary, "unmapped" in event.details


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_ready_mapping_reads_each_body_as_the_adapter_does(row: Body) -> None:
    received = received_of(row)
    assert said(received, row.type, ready_mappings()[IntegrationType(row.type)]) == said(received, row.type, None)


@pytest.mark.parametrize("type", EXPRESSIBLE, ids=str)
def test_a_ready_mapping_reads_the_example_of_its_page(type: IntegrationType) -> None:
    received = received_as(DIALECTS[type].example.encode())
    assert said(received, type.value, ready_mappings()[type]) == said(received, type.value, None)


@pytest.mark.parametrize("type", EXPRESSIBLE, ids=str)
def test_a_ready_mapping_is_a_mapping_that_may_be_kept(type: IntegrationType) -> None:
    mapping = parse_mapping(ready_mappings()[type])
    assert parse_mapping(to_document(mapping)) == mapping
