"""Why an expression cannot be read, in the words of somebody who has written another language all day, and what to write here."""

import re
from difflib import get_close_matches

from jmespath.exceptions import IncompleteExpressionError, JMESPathError, LexerError, ParseError

from oncall.kit.mapping.functions import ARITIES

NUMBER_BEFORE = re.compile(r"[<>=!]=?\s*(-?\d+(?:\.\d+)?)")
PLACE = re.compile(r"\.(\d+)\b")
WORD = re.compile(r"(?<![\w'\"`.])(and|or|not)(?![\w'\"`.(])", re.IGNORECASE)
SYMBOLS = {"and": "&&", "or": "||", "not": "!"}

CASELESS = "words of a table are compared without case, and texts otherwise as they stand"
PATTERNLESS = "there are no patterns: contains(a, 'b'), starts_with(a, 'b') and ends_with(a, 'b') look for a text"
WHOLE_TEXTS = "texts are not cut: take them whole"
CLOCKLESS = "no expression reads a clock"
THERE = "a condition holds where a member is there: write its name alone, and !(name) where it is not"
MEANT = {
    **dict.fromkeys(("lower", "upper", "lowercase", "uppercase", "tolower", "toupper", "to_lower", "to_upper", "lcase", "ucase"), CASELESS),
    **dict.fromkeys(("concat", "concatenate", "format", "printf"), 'texts are joined by join(\' \', [a, b]), or by {"join": ["a", "b"]}'),
    **dict.fromkeys(("match", "matches", "regex", "regexp", "regex_match", "regex_search", "like", "test", "search"), PATTERNLESS),
    **dict.fromkeys(("includes", "has_value", "in", "index_of", "indexof", "find", "strpos"), "contains(a, 'b') is meant, perhaps"),
    **dict.fromkeys(("substr", "substring", "left", "right", "mid", "split", "replace", "trim", "strip", "regex_replace"), WHOLE_TEXTS),
    **dict.fromkeys(("len", "size", "count", "strlen"), "length() is meant, perhaps"),
    **dict.fromkeys(("int", "float", "number", "parse_int", "parseint", "parsefloat", "tonumber"), "to_number() is meant, perhaps"),
    **dict.fromkeys(("str", "string", "text", "tojson", "to_json", "json"), "to_string() is meant, perhaps"),
    **dict.fromkeys(
        ("coalesce", "default", "ifnull", "nvl", "first_of"), 'not_null() is meant, perhaps, or a list of expressions: ["a", "b"]'
    ),
    **dict.fromkeys(("exists", "has", "defined", "isset", "is_defined", "present", "is_null", "isnull", "isempty", "empty"), THERE),
    **dict.fromkeys(("first",), "the first of a list is [0]"),
    **dict.fromkeys(("last",), "the last of a list is [-1]"),
    **dict.fromkeys(("mean", "average"), "avg() is meant, perhaps"),
    **dict.fromkeys(("if", "iif", "case", "switch"), 'a choice is made by "cases" of action and severity, or by conditions of rules'),
    **dict.fromkeys(("now", "date", "time", "today", "timestamp", "strftime", "parse_date", "format_date"), CLOCKLESS),
    **dict.fromkeys(("headers", "get_header"), "header('x-name') is meant, perhaps"),
    **dict.fromkeys(("param", "params", "get_query"), "query('name') is meant, perhaps"),
}
"""Functions that others have, and what there is here."""


class BadExpression(ValueError):
    """An expression that cannot be read: why, and from which character on, counted from 1."""

    def __init__(self, why: str, position: int) -> None:
        super().__init__(why)
        self.position = position


def no_function(name: str, position: int) -> BadExpression:
    """What to write in place of a function that is not there: by what it means, else by how it is written."""
    meant = MEANT.get(name.lower())
    if meant is None:
        near = get_close_matches(name.lower(), ARITIES, n=1)
        meant = f"perhaps {near[0]}() is meant" if near else f"there are {', '.join(sorted(ARITIES))}"
    return BadExpression(f"there is no function {name}(); {meant}", position)


def explained(error: JMESPathError, text: str) -> BadExpression:
    """The slips that people make first, then what the grammar says."""
    return _from_elsewhere(text, _position(error, text)) or _by_grammar(error, text)


def _position(error: JMESPathError, text: str) -> int:
    match error:
        case LexerError():
            return int(error.lexer_position)
        case IncompleteExpressionError():
            return len(text)
        case ParseError():
            return int(error.lex_position)
        case _:
            return 0


def _from_elsewhere(text: str, position: int) -> BadExpression | None:
    """What is right in a template, in JSONPath, in SQL or in Python, if that is what stands at the place that cannot be read."""
    if "{{" in text:
        return BadExpression("an expression stands by itself, without {{ and }}: host.name", text.find("{{") + 1)
    if text.lstrip().startswith(("$.", "$[")):
        return BadExpression("it begins with the name of a member: leave $. out, as host.name; $ itself is @", text.find("$") + 1)
    for number in NUMBER_BEFORE.finditer(text):
        if number.start(1) <= position <= number.end(1):
            return BadExpression(f"a number stands between backticks: `{number[1]}`", number.start(1) + 1)
    for place in PLACE.finditer(text):
        if place.start() <= position <= place.end():
            return BadExpression(f"a place in a list stands in brackets: [{place[1]}]", place.start() + 1)
    for word in WORD.finditer(text):
        if word.start() <= position <= word.end() + 1:
            return BadExpression(f"{word[1]} is written {SYMBOLS[word[1].lower()]}", word.start() + 1)
    return None


def _by_grammar(error: JMESPathError, text: str) -> BadExpression:
    match error:
        case IncompleteExpressionError():
            return BadExpression("it ends too early: something must follow", len(text) + 1)
        case LexerError() if str(error.message).startswith("Unclosed"):
            quote = text[error.lexer_position]
            return BadExpression(f"the {quote} is never closed", error.lexer_position + 1)
        case LexerError() if error.lexer_value == "=":
            return BadExpression("two values are compared with ==", error.lexer_position + 1)
        case LexerError():
            return BadExpression(
                f"{error.lexer_value[:10]} cannot stand here; a name with anything but letters, digits and _ stands in double quotes, "
                'as "db-host", a text in single quotes',
                error.lexer_position + 1,
            )
        case ParseError() if error.token_type.lower() in {"unquoted_identifier", "quoted_identifier", "literal", "number"}:
            said = str(error.token_value)[:40]
            return BadExpression(
                f"{said} cannot follow here; names are joined by dots, as host.name, and one with anything but letters, digits and _ "
                'stands in double quotes, as "host name"',
                error.lex_position + 1,
            )
        case ParseError():
            return BadExpression(f"{str(error.token_value)[:40] or 'the end'} cannot stand here", error.lex_position + 1)
        case _:
            return BadExpression("it is no JMESPath expression", 1)
