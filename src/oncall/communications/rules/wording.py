"""What people write and what templates say: harmless characters, and placeholders that stand for a few known things. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC

from oncall.communications.values.updates import Audience, BadTemplate, Filling

PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
ANYBODY = ("service", "number", "priority", "next_update_at")
INSIDE = (*ANYBODY, "incident_title")
"""The title of an incident is its monitor's, and says what nobody outside should read: public templates cannot name it."""

PARAGRAPH = 900


def plain(text: str) -> str:
    """The text with line ends as \\n, and without what no document may hold: control characters, lone surrogates, noncharacters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or not _is_harmful(c)).strip()


def _is_harmful(character: str) -> bool:
    code = ord(character)
    return unicodedata.category(character) in {"Cc", "Cs"} or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def allowed(audience: Audience) -> tuple[str, ...]:
    return ANYBODY if audience is Audience.PUBLIC else INSIDE


def check_template(title: str, text: str, audience: Audience) -> None:
    """Refuse placeholders that stand for nothing: nobody wants to read {{servcie}} on a status page."""
    faults = [(field, _unknown(found, audience)) for field, found in (("title", _names(title)), ("text", _names(text)))]
    wrong = [(field, sentence) for field, sentence in faults if sentence]
    if wrong:
        raise BadTemplate("; ".join(sentence for _, sentence in wrong), faults=wrong)


def _names(text: str) -> list[str]:
    return PLACEHOLDER.findall(text)


def _unknown(found: Iterable[str], audience: Audience) -> str:
    unknown = sorted(set(found) - set(allowed(audience)))
    if not unknown:
        return ""
    names = ", ".join(f"{{{{{name[:40]}}}}}" for name in unknown[:5])
    return f"{names} stands for nothing in a template for this audience; there are {', '.join(allowed(audience))}"


def fill(text: str, filling: Filling) -> str:
    """Each placeholder replaced once by what it stands for; what it stands for is never read for placeholders again."""
    due = filling.next_update_at
    said = {
        "service": filling.service,
        "number": str(filling.number),
        "priority": filling.priority or "none",
        "incident_title": filling.incident_title,
        "next_update_at": f"{due.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if due else "when there is news",
    }
    return PLACEHOLDER.sub(lambda found: said.get(found[1], found[0]), text)


def paragraphs(text: str) -> tuple[str, ...]:
    """Markdown as plain paragraphs, for messages: each line that ends one, none too long for a message."""
    said = (" ".join(part.split()) for part in re.split(r"\n\s*\n|\n(?=\s*[-*+\d])", text))
    return tuple(part[at : at + PARAGRAPH] for part in said if part for at in range(0, len(part), PARAGRAPH))
