"""Whether an edit has seen what it changes. Pure."""

from oncall.kit.errors import Stale


def check_version(current: int, seen: int | None) -> None:
    """Refuse an edit of a version that is no longer the current one; None edits whatever is there."""
    if seen is not None and seen != current:
        raise Stale(f"Somebody else edited it meanwhile: it is at version {current} now. Read it again and repeat your edit.")
