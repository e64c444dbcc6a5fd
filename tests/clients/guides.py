"""What the guide of a dialect tells people to paste, taken from where it stands and filled in with nothing but the address."""

import re
from importlib import import_module

from tests.clients.live import WayIn


def pasted(way: WayIn, type: str, language: str = "") -> str:
    """The first block of code in this language."""
    guide: str = import_module(f"oncall.intake.adapters.{type}").DIALECT.guide
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    return _filled(way, next(code for spoken, code in blocks if spoken == language))


def tabled(way: WayIn, type: str) -> dict[str, str]:
    """The rows of its table of names and values."""
    guide: str = import_module(f"oncall.intake.adapters.{type}").DIALECT.guide
    return {name: _filled(way, value) for name, value in re.findall(r"^\| `(.+?)` \| `(.+?)` \|$", guide, re.MULTILINE)}


def _filled(way: WayIn, text: str) -> str:
    """Its placeholders, which `${host}` of a shell is not."""
    meant = {"url": way.address, "key": way.key, "host": way.url}
    return re.sub(r"(?<!\$)\{(url|key|host)\}", lambda found: meant[found[1]], text)
