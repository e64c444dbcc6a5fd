"""What can be wrong with a record."""

from oncall.kit.errors import Invalid


class UnknownCategory(Invalid):
    """There is no such category."""


class UnknownSla(Invalid):
    """There is no such SLA."""
