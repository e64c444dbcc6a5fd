"""Matchers as Alertmanager reads and applies them."""

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from oncall.kit import matchers
from oncall.kit.matchers import BadMatcher, Index, Matcher, Matchers, Operator, match, match_everything, parse_matchers

EQUAL, NOT_EQUAL, MATCHES, NOT_MATCHES = Operator.EQUAL, Operator.NOT_EQUAL, Operator.MATCHES, Operator.NOT_MATCHES


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", []),
        ("{}", []),
        ("foo=bar", [("foo", EQUAL, "bar")]),
        ('{foo="bar"}', [("foo", EQUAL, "bar")]),
        ('foo="bar"', [("foo", EQUAL, "bar")]),
        ('{foo="bar",}', [("foo", EQUAL, "bar")]),
        ("{foo=bar,}", [("foo", EQUAL, "bar")]),
        (' {  foo = "bar" , baz!~"a|b" } ', [("foo", EQUAL, "bar"), ("baz", NOT_MATCHES, "a|b")]),
        ("foo=~bar.*, baz!=x", [("foo", MATCHES, "bar.*"), ("baz", NOT_EQUAL, "x")]),
        ('foo=""', [("foo", EQUAL, "")]),
        ('"foo bar"="x"', [("foo bar", EQUAL, "x")]),
        ("foo🙂=bar🙂", [("foo🙂", EQUAL, "bar🙂")]),
        (r'foo="a\"b\\c\nd\te"', [("foo", EQUAL, 'a"b\\c\nd\te')]),
        (r'foo=~"\d+"', [("foo", MATCHES, r"\d+")]),
        (r'foo="\u00e9\x41\U0001f642"', [("foo", EQUAL, "éA🙂")]),
        ("foo=a,foo=b", [("foo", EQUAL, "a"), ("foo", EQUAL, "b")]),
    ],
)
def test_what_is_read(text: str, read: list[tuple[str, Operator, str]]) -> None:
    assert [(m.name, m.operator, m.value) for m in parse_matchers(text)] == read


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "a closing }"),
        ("}", "the name of a label"),
        ("foo=bar}", "a comma"),
        ("{foo=bar", "a closing }"),
        (",", "the name of a label"),
        ("{,}", "the name of a label"),
        ("{foo=bar,,}", "the name of a label"),
        ("foo", "one of =, !=, =~, !~"),
        ("=bar", "the name of a label"),
        ("foo=", "a value; put it in quotes"),
        ("foo==bar", "a value"),
        ("foo='bar'", "a value"),
        ('foo="bar', 'a closing "'),
        ('foo="bar" baz="x"', "a comma"),
        ("{foo=bar} x", "the end"),
        ("foo=~(", "missing )"),
        ("foo=~(?=a)", "none that RE2 takes"),
        (r'foo=~"(a)\\1"', "none that RE2 takes"),
        ('foo=~"((a{100}){100}){100}"', "none that RE2 takes"),
        ('""=x', "needs the name of a label"),
        ('foo="\ud800"', "half a character"),
        ("x" * 5_000, "at most 4096"),
    ],
)
def test_what_is_refused_says_where_and_what_would_do(text: str, says: str) -> None:
    with pytest.raises(BadMatcher) as refused:
        parse_matchers(text)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("text", "labels", "matches"),
    [
        ("a=b", {"a": "b"}, True),
        ("a=b", {"a": "bb"}, False),
        ("a=b", {}, False),
        ('a=""', {}, True),
        ('a=""', {"a": "b"}, False),
        ("a!=b", {}, True),
        ("a!=b", {"a": "b"}, False),
        ("a=~b", {"a": "bb"}, False),  # the whole of it
        ("a=~b.*", {"a": "bb"}, True),
        ("a=~b|c", {"a": "c"}, True),
        ("a=~b|c", {"a": "cc"}, False),
        ('a=~".*"', {}, True),
        ('a=~".+"', {}, False),
        ("a!~b.*", {"a": "bb"}, False),
        ("a!~b.*", {}, True),
        ('a=~"(?i)B"', {"a": "b"}, True),
        ('a=~"x.y"', {"a": "x\ny"}, False),
        ("a=b,c=d", {"a": "b"}, False),
        ("a=b,c=d", {"a": "b", "c": "d", "e": "f"}, True),
        ("{}", {"a": "b"}, True),
    ],
)
def test_what_matches(text: str, labels: dict[str, str], matches: bool) -> None:
    assert match(parse_matchers(text), labels) is matches


@pytest.mark.parametrize(("text", "everything"), [("{}", True), ('a=~".*"', True), ("a!=b", True), ("a=b", False), ("a!=b,c=d", False)])
def test_what_matches_everything(text: str, everything: bool) -> None:
    assert match_everything(parse_matchers(text)) is everything


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
plain = st.builds(Matcher, names, st.sampled_from([EQUAL, NOT_EQUAL]), values)
expressions = st.builds(Matcher, names, st.sampled_from([MATCHES, NOT_MATCHES]), st.sampled_from(["a|b", "", r"\d+", "a.*", '"', "[^x]+"]))
lists: st.SearchStrategy[Matchers] = st.lists(plain | expressions, max_size=4).map(tuple)


@given(lists)
def test_what_is_written_reads_back_equal(matchers: Matchers) -> None:
    assert parse_matchers(", ".join(map(str, matchers))) == matchers
    assert parse_matchers("{" + ",".join(map(str, matchers)) + "}") == matchers


@given(st.lists(lists, max_size=8), st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "a", "b"])))
def test_an_index_finds_what_looking_at_each_finds(rows: list[Matchers], labels: dict[str, str]) -> None:
    found = Index(list(zip(rows, range(len(rows)), strict=True))).find(labels)
    assert found == [n for n, matchers in enumerate(rows) if match(matchers, labels)]


few = st.builds(Matcher, st.sampled_from("abc"), st.sampled_from(list(Operator)), st.sampled_from(["", "a", "b", "a|b"]))


@given(st.lists(st.lists(few, max_size=3).map(tuple), max_size=8), st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "a", "b"])))
def test_an_index_of_few_labels_does_as_well(rows: list[Matchers], labels: dict[str, str]) -> None:
    found = Index(list(zip(rows, range(len(rows)), strict=True))).find(labels)
    assert found == [n for n, matchers in enumerate(rows) if match(matchers, labels)]


def test_an_index_keeps_each_list_under_the_rarest_label_it_needs() -> None:
    index = Index([(parse_matchers(f'severity="critical", job="j{n}"'), n) for n in range(100)])
    assert index.needing({"severity": "critical", "job": "j7"}) == [7]
    assert index.needing({"severity": "critical"}) == index.needing_none() == []
    assert Index([(parse_matchers('a!=b, c=""'), 1)]).needing_none() == [1], "what needs no label is asked about everything"


@pytest.mark.parametrize(
    ("expression", "asked_about", "not_about"),
    [
        ("db-.*", ["db-", "db-1"], ["db", "web", ""]),
        ("db|web", ["db", "web"], ["d", "db1", ""]),
        ("db.+|web", ["db1", "web"], ["web1", "d"]),
        (r"10\.0\.0\..*", ["10.0.0.7"], ["10.0.1.7", "10x0.0.7"]),
        ("^db-.*$", ["db-1"], ["d"]),
        ("a(b|c)", ["ab"], ["x", ""]),
        ("(?i)db", ["DB"], ["x"]),
        (r"\d+", ["7"], ["x"]),
        (r"\Qa|b\E", ["a|b"], ["x"]),
        (".*é", ["aé"], ["ae"]),
        ("|db", ["", "db", "x"], []),
        ("x*", ["", "x", "y"], []),
    ],
)
def test_an_index_asks_a_list_only_where_its_expression_fits(expression: str, asked_about: list[str], not_about: list[str]) -> None:
    index = Index([((Matcher("a", MATCHES, expression),), 1)])
    candidates = [text for text in asked_about + not_about if index.needing_none() or index.needing({"a": text})]
    assert candidates == asked_about


SIGNS = st.sampled_from(
    ["a", "b", "ab", "|", "a|b", ".*", "?", "*", "+", "{0}", "{1,2}", "^", "$", "(a|b)", "[ab]", r"\.", ".", r"\d", "(?i)", r"\Qa\E", "-"]
)
EXPRESSIONS = st.lists(SIGNS, max_size=5).map("".join)


@given(st.lists(EXPRESSIONS, max_size=6), st.lists(st.sampled_from(["a", "b", "A", ".", "-", "|", "7"]), max_size=4).map("".join))
def test_whatever_the_expressions_an_index_finds_what_matches(expressions: list[str], text: str) -> None:
    rows: list[Matchers] = []
    for expression in expressions:
        try:
            rows.append((Matcher("a", MATCHES, expression),))
        except BadMatcher:
            continue
    found = Index(list(zip(rows, range(len(rows)), strict=True))).find({"a": text})
    assert found == [n for n, matchers in enumerate(rows) if match(matchers, {"a": text})]


@pytest.mark.parametrize("memory", [1 << 10, 1 << 15, 1 << 18, 8 << 20])
def test_expressions_that_do_not_fit_together_are_found_all_the_same(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = re2.Options()
    narrow.log_errors, narrow.max_mem = False, memory
    monkeypatch.setattr(matchers, "TOGETHER", narrow)
    rows = [((Matcher("a", MATCHES, f".*(x|y)[a-z]{{{n % 9}}}c.*d{n}.*"),), n) for n in range(60)]
    labels = {"a": "xabc d2, xabcdefc d13 " + "abacadabra" * 20}
    assert Index(rows).find(labels) == [n for row, n in rows if match(row, labels)] != []
