"""Expressions: what is wrong in one is explained with its place; evaluated they never raise, and never take longer than the body allows."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.kit.mapping import Around, BadExpression, Evaluation, Found, Table, compile_expression, word_of

BIG = 2**64 + 1

BAD = [
    ("", 1, "it is empty"),
    ("  ", 1, "it is empty"),
    ("a-b", 2, "stands in double quotes"),
    ("host name", 6, "names are joined by dots"),
    ("state = 'up'", 7, "compared with =="),
    ("'abc", 1, "never closed"),
    ("a[?b == 'x'", 12, "ends too early"),
    ("a..b", 3, ". cannot stand here"),
    ("$x", 1, "$ cannot stand here"),
    ("a && lenght(b)", 6, "perhaps length() is meant"),
    ("a > 90", 5, "a number stands between backticks: `90`"),
    ("a == -1.5 && b", 6, "backticks: `-1.5`"),
    ("a[?b >= 3]", 9, "backticks: `3`"),
    ("a and b", 3, "and is written &&"),
    ("a == 'and' OR b", 12, "OR is written ||"),
    ("not a", 1, "not is written !"),
    ("$.a.b", 1, "leave $. out"),
    ("$[0].a", 1, "leave $. out"),
    ("{{ host }}", 1, "without {{ and }}"),
    ("a.0.b", 2, "a place in a list stands in brackets: [0]"),
    ("lower(a)", 1, "a table are compared without case"),
    ("matches(a, 'x')", 1, "contains(a, 'b')"),
    ("isEmpty(a)", 1, "!(name) where it is not"),
    ("substr(a, 'x')", 1, "texts are not cut"),
    ("size(a)", 1, "length() is meant"),
    ("android android", 9, "names are joined by dots"),
    ("frobnicate(b)", 1, "there is no function frobnicate()"),
    ("join('-')", 1, "join() takes 2 arguments, not 1"),
    ("header()", 1, "header() takes 1 argument, not 0"),
    ("a && !b.c", 6, "as !(host.name)"),
    ("a == `critical`", 6, "single quotes: 'critical'"),
    ('env == "test"', 8, "a text stands in single quotes: 'test'"),
    ('"test" != env', 1, "a text stands in single quotes: 'test'"),
    ('labels.env == "pre prod" && x', 15, "single quotes: 'pre prod'. If a member is meant, write @.\"pre prod\""),
    ('checks[?state == "down"].name', 18, "single quotes: 'down'"),
    ("header('x-env') == \"prod\"", 20, "single quotes: 'prod'"),
    ('contains(tags, "prod")', 16, "single quotes: 'prod'"),
    ('header("x-env")', 8, "single quotes: 'x-env'"),
    ("over == true", 9, "the constant stands between backticks: `true`"),
    ("cleared_at == Null", 15, "backticks: `null`"),
    ("a" * 1_001, 1_001, "longer than 1,000 characters"),
    ("(" * 499 + "a" + ")" * 499, 1, "deeper than 40 levels"),
    ("[" * 45 + "a" + "]" * 45, 1, "deeper than 40 levels"),
    ("!" * 900 + "a", 1, "deeper than 40 levels"),
]


@pytest.mark.parametrize(("text", "position", "why"), BAD, ids=[text[:20] for text, _, _ in BAD])
def test_what_is_wrong_in_an_expression_is_told_with_its_place(text: str, position: int, why: str) -> None:
    with pytest.raises(BadExpression) as told:
        compile_expression(text)
    assert why in str(told.value)
    assert told.value.position == position


BODY = {"id": BIG, "zero": 0, "no": False, "empty": "", "none": None, "tags": ["a", 7], "events": [{"id": 1}, {"id": BIG, "n": "x"}]}
AROUND = Around({"site": "fra", "events": [1]}, {"x-env": "prod"}.get, {"q": "1"}.get, "/rest")

GIVES = [
    ("id", Found(BIG)),
    ("to_string(id)", Found(f"{BIG}")),
    ("to_number('18446744073709551617')", Found(BIG)),
    ("events[?id == body().nothing || id == `18446744073709551617`].n | [0]", Found("x")),
    ("nothing", Found(None)),
    ("nothing.at.all", Found(None)),
    ("tags.name", Found(None)),
    ("body().site", Found("fra")),
    ("header('x-env')", Found("prod")),
    ("query('q')", Found("1")),
    ("path()", Found("/rest")),
    ("to_number('nan')", Found(None)),
    (f"to_number('{'9' * 400}')", Found(int("9" * 400))),
    (f"to_number('{'9' * 401}')", Found(None)),
    ("to_number('1e999')", Found(None)),
    ("id < 'x'", Found(None)),
    ("join(',', tags)", Found(None, "join() wants array of string, and was given number")),
    ("length(zero)", Found(None, "length() wants string or array or object, and was given number")),
    ("contains('abc', zero)", Found(None, "it cannot be evaluated here (TypeError)")),
    ("to_string(tags)", Found('["a",7]')),
    ("contains(keys(@), 'none')", Found(True)),
    ("nothing == gone", Found(None, "it compares members, and nothing and gone are not there; a text stands in single quotes: 'gone'")),
    ("nothing != gone.at.all", Found(None, "it compares members, and nothing is not there; a text stands in single quotes: 'nothing'")),
    ("none == body().gone", Found(None, "it compares members, and none is not there; a text stands in single quotes: 'none'")),
    ("empty == test", Found(False, "it compares members, and test is not there; a text stands in single quotes: 'test'")),
    ("events[?id == n].id", Found([])),
    ("events[?n == what].id", Found([], "it compares members, and what is not there; a text stands in single quotes: 'what'")),
    ("nothing == `null`", Found(True)),
    ("\"no\" == 'x'", Found(False)),
    ('@."id" == id', Found(True)),
    ('length("empty")', Found(0)),
]


@pytest.mark.parametrize(("text", "expected"), GIVES, ids=[text[:30] for text, _ in GIVES])
def test_an_expression_gives_what_is_there_or_nothing_and_why(text: str, expected: Found) -> None:
    assert Evaluation(AROUND, length=500).find(compile_expression(text), BODY) == expected


@pytest.mark.parametrize(
    ("condition", "holds"),
    [("id", True), ("zero", True), ("no", False), ("empty", False), ("none", False), ("nothing", False), ("!nothing", True), ("tags", True),
     ("tags[?@ == 'b']", False), ("join(',', tags)", False)],
)  # fmt: skip
def test_a_condition_holds_for_what_is_there_and_says_something(condition: str, holds: bool) -> None:
    assert Evaluation(AROUND).holds(compile_expression(condition), BODY).value is holds


GROWING = [
    "|".join(["[@,@]"] * 30),
    "to_string(" + "|".join(["[@,@]"] * 30) + ")",
    "|".join(["join('',[@,@])"] * 35),
    "|".join(["[@,@][]"] * 30),
    "|".join(["merge({a: @}, {b: @})"] * 30),
]


@pytest.mark.parametrize("text", GROWING, ids=range(len(GROWING)))
def test_an_expression_that_grows_without_end_is_stopped(text: str) -> None:
    started = time.monotonic()
    found = Evaluation(Around()).find(compile_expression(text), "x" * 100)
    assert (found.value, found.why) == (None, "it takes too many steps for a body of this length")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "text",
    ["rows[?id == `-1`]", "body().rows[?@ == body()]", "to_string(body())", "sort_by(body().rows, &id)", "contains(body().rows, body())",
     "body().rows[].id", "body().rows[::2]", "body().rows == body().again"],
)  # fmt: skip
def test_what_is_asked_for_each_part_of_a_long_body_is_linear_in_its_length(text: str) -> None:
    """4,000 parts that each look at all parts: 16 million looks, if nobody counted."""
    rows = [{"id": n, "name": "x" * 20} for n in range(4_000)]
    body = {"rows": rows, "again": [dict(row) for row in rows]}
    evaluation, expression = Evaluation(Around(body), length=200_000), compile_expression(text)
    started = time.monotonic()
    found = [evaluation.find(expression, {"rows": rows}) for _ in rows]
    assert time.monotonic() - started < 5
    assert found[-1].why == "it takes too many steps for a body of this length"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "id"]), inner, max_size=3),
    max_leaves=12,
)
SIGNS = [
    "a",
    "b",
    "id",
    ".",
    "[0]",
    "[]",
    "[*]",
    "[?",
    "]",
    "==",
    "<",
    "&&",
    "||",
    "!",
    "|",
    "'x'",
    "`1`",
    "@",
    "body()",
    "(",
    ")",
    "-",
    '"',
]
CALLS = ["keys(@)", "sum(@)", "sort(@)", "max_by(@, &id)", "to_number(@)", "join('', @)", "avg(@)", "&a", ",", '"']
PIECES = st.lists(st.sampled_from(SIGNS + CALLS), max_size=8)


@given(pieces=PIECES, value=JSON)
def test_whatever_is_written_and_sent_nothing_raises(pieces: list[str], value: object) -> None:
    try:
        expression = compile_expression("".join(pieces))
    except BadExpression:
        return
    found = Evaluation(Around(value)).find(expression, value)
    assert found.value is None or not found.why or found.why.startswith("it compares members")


WORDS = Table({"Down": 1, "WARN*": 2, "*ing": 3, "*err*": 4, "warn low*": 5, "1": 6, "true": 7, "2.0": 8})


@pytest.mark.parametrize(
    ("said", "stands_for"),
    [("down", 1), (" DOWN ", 1), ("downs", None), ("warning", 2), ("Warn LOW disk", 5), ("firing", 3), ("an ERROR!", 4), (1, 6), ("1", 6),
     (True, 7), ("TRUE", 7), (1.5, None), (None, None), ("", None), (["down"], None), ({}, None),
     (1.0, 6), ("1.00", 6), (-1.0, None), (2, 8), (2.0, 8), ("2", 8), (10.0, None), ("1.0.0", None)],
)  # fmt: skip
def test_words_are_found_without_case_the_longest_row_first(said: object, stands_for: int | None) -> None:
    assert WORDS.find(word_of(said)) == stands_for


def test_a_lone_asterisk_takes_every_word_that_no_other_row_has() -> None:
    table = Table({"*": 1, "up": 2})
    assert [table.find(word_of(word)) for word in ("up", "down", "")] == [2, 1, None]
