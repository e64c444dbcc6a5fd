"""What says that two events are about the same problem: the sender's own key, else its identity fields, never title, state or time."""

import json
from collections.abc import Mapping

from oncall.kit.stored_text import hashed


def key_of(identity: Mapping[str, str]) -> str | None:
    """A key made of identity fields, whatever their order; None if none of them says anything."""
    said = sorted((name, value) for name, value in identity.items() if value)
    return hashed(json.dumps(said)) if said else None
