"""What the page of a report form shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class ReportPage:
    """The form of `service`, or what came of it; `said` is what was filled in, so that nobody types anything twice."""

    status: int
    title: str
    word: str = ""
    mood: str = ""
    service: str | None = None
    said: Mapping[str, str] = field(default_factory=dict)
    faults: Sequence[str] = ()
    shows_form: bool = False
    wait: int | None = None
    helps: Sequence[tuple[str, str]] = ()
    """Known errors that may be behind it, and what helps until they are repaired."""

    def again(self, said: Mapping[str, str], faults: Sequence[str]) -> "ReportPage":
        """The form once more, with what is wrong."""
        return replace(self, status=422, said=said, faults=faults)

    def busy(self, wait: int) -> "ReportPage":
        minutes = max(1, round(wait / 60))
        word = (
            f"Many reports came in from here, or about {self.service}, in the last minutes, so this one was not taken. "
            f"Somebody is told already. Try again in {minutes} min; if it cannot wait, call us."
        )
        return ReportPage(429, "Not just now", word, mood="open", wait=wait)


UNKNOWN_FORM = ReportPage(404, "Unknown form", "There is no report form at this address. Ask whoever gave it to you for the right one.")
