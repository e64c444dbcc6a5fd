"""Public holidays by country and subdivision, as the library `holidays` knows them."""

import difflib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache, lru_cache
from typing import Any

from oncall.kit.errors import Invalid

# Without it the library asks the machine for its language, and two nodes would name the same day differently.
LANGUAGE = "en_US"


class UnknownCountry(Invalid):
    """The country, or that subdivision of it, is not one whose public holidays are known."""

    code = "unknown_country"
    title = "Unknown country"


def holidays_of(country: str, subdivision: str | None, years: Iterable[int]) -> Mapping[date, str]:
    """The public holidays of these years with their English names, by date; days off in lieu are among them.

    `country` is an ISO 3166-1 alpha-2 code (PT), `subdivision` the part of its ISO 3166-2 code after the hyphen (BY of DE-BY). Raises
    `UnknownCountry` with the nearest codes.
    """
    check_country(country, subdivision)
    return {day: name for year in sorted(set(years)) for day, name in _of_year(country, subdivision, year)}


def check_country(country: str, subdivision: str | None = None) -> None:
    """Raise `UnknownCountry` unless the public holidays of this country and subdivision are known."""
    if country not in _countries().values():
        near = [f"{code} ({_name_of(code)})" for code in _near(country, _countries())]
        raise UnknownCountry(
            "This is not a country of ISO 3166-1 by its two letters: "
            + (f"did you mean {' or '.join(near)}?" if near else "codes look like PT."),
            field="country",
        )
    known = _library().country_holidays(country)
    if subdivision is None or subdivision in known.subdivisions:
        return
    if not known.subdivisions:
        raise UnknownCountry(
            f"{_name_of(country)} has the same public holidays everywhere: leave the subdivision out.", field="subdivision"
        )
    words = {word.casefold(): code for code in known.subdivisions for word in (code, f"{country}-{code}")}
    words |= {name.casefold(): code for name, code in known.subdivisions_aliases.items()}
    near = _near(subdivision, words)
    hint = f"did you mean {' or '.join(near)}?" if near else f"codes look like {known.subdivisions[0]}."
    raise UnknownCountry(f"This is not a subdivision of {_name_of(country)} with public holidays of its own: {hint}", field="subdivision")


@cache
def _library() -> Any:
    import holidays  # noqa: PLC0415 — some megabytes, for those who have a calendar of a country

    return holidays


def _names() -> Mapping[str, tuple[str, ...]]:
    """Of each country the name of its module, and of its class, and its two and three letters."""
    names: Mapping[str, tuple[str, ...]] = _library().registry.COUNTRIES
    return names


@lru_cache(maxsize=4096)
def _of_year(country: str, subdivision: str | None, year: int) -> tuple[tuple[date, str], ...]:
    return tuple(sorted(_library().country_holidays(country, subdiv=subdivision, years=year, language=LANGUAGE).items()))


@cache
def _countries() -> Mapping[str, str]:
    """Every word for a country, without regard to case, and its two letters: names, three letters, UK."""
    return {word.replace("_", " ").casefold(): words[1] for name, words in _names().items() for word in (name, *words)}


def _name_of(country: str) -> str:
    return next(name.replace("_", " ").title() for name, words in _names().items() if words[1] == country)


def _near(text: str, words: Mapping[str, str]) -> list[str]:
    """Up to two codes: the one that the text is a word for, else those with similar words."""
    text = text[:64].casefold()
    near = [text] if text in words else difflib.get_close_matches(text, words, n=2, cutoff=0.7)
    return list(dict.fromkeys(words[word] for word in near))
