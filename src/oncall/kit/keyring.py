"""The secret keys that sign links and webhooks and seal secrets: from the environment, else made once and kept in the data folder."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

NAME = "secret_keys"


def load_ring(configured: Sequence[str], data_dir: Path) -> list[str]:
    """The ring, first key first. A file that does not exist yet is made whole or not at all, readable by its owner only.

    Raises OSError if the folder cannot be used.
    """
    if configured:
        return list(configured)
    path = data_dir / NAME
    if not path.exists():
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = data_dir / f".{NAME}.{secrets.token_hex(8)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails if another process was first: then its key is ours, too
        except FileExistsError:
            pass  # somebody else made it
        finally:
            draft.unlink()
    ring = path.read_text().split()
    if not ring or min(map(len, ring)) < 32:
        raise OSError(f"{path} has no key in it, or one of fewer than 32 characters: restore it, or delete it and a new one is made")
    return ring
