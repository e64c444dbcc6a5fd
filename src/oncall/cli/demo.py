"""`oncall demo`."""


def tell() -> None:
    """Placeholder."""
