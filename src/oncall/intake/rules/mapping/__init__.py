"""Mappings: what a document says, what is wrong with one, and what a body means by it. Pure and total."""

from oncall.intake.rules.mapping.document import Constant, FirstOf, Joined, Mapping, Named, Rule, to_document
from oncall.intake.rules.mapping.exporting import mapping_of
from oncall.intake.rules.mapping.faults import BadMapping, Fault
from oncall.intake.rules.mapping.parsing import parse_mapping
from oncall.intake.rules.mapping.part import ENDS, Tried
from oncall.intake.rules.mapping.reading import Mapped, Outcome, read_mapping
from oncall.intake.rules.mapping.warnings import warnings_about, warnings_among, warnings_of

__all__ = [
    "ENDS",
    "BadMapping",
    "Constant",
    "Fault",
    "FirstOf",
    "Joined",
    "Mapped",
    "Mapping",
    "Named",
    "Outcome",
    "Rule",
    "Tried",
    "mapping_of",
    "parse_mapping",
    "read_mapping",
    "to_document",
    "warnings_about",
    "warnings_among",
    "warnings_of",
]
