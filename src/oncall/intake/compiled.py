"""The mappings of integrations, compiled: once for each change of one, not for each body."""

from oncall.intake.rules.mapping import BadMapping, Mapping, parse_mapping
from oncall.kit.ids import IntegrationId
from oncall.services.values import IntegrationRef

AT_MOST = 10_000
"""Mappings that are kept; of integrations that are gone some may be among them."""

_compiled: dict[IntegrationId, tuple[object, Mapping | BadMapping]] = {}


def compiled_mapping(integration: IntegrationRef) -> Mapping:
    """What an integration's mapping says; raises BadMapping for one that another version of this program took and we cannot."""
    document = integration.mapping
    kept = _compiled.get(integration.id)
    if kept is None or (kept[0] is not document and kept[0] != document):
        if len(_compiled) >= AT_MOST:
            _compiled.clear()
        kept = _compiled[integration.id] = (document, _parsed(document))
    if isinstance(kept[1], BadMapping):
        raise kept[1]
    return kept[1]


def _parsed(document: object) -> Mapping | BadMapping:
    try:
        return parse_mapping(document)
    except BadMapping as bad:
        return bad
