"""Keys and link tokens: what they look like, and that nothing but the real one is taken."""

import re
import string
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.access.rules import (
    RANDOMNESS,
    actor_of,
    bearer_key,
    check_scope,
    hash_key,
    make_key,
    public_prefix,
    read_link,
    sign_link,
    well_formed,
)
from oncall.access.values import Caller, KeyKind, LinkToken, LinkVerb, Scope, ScopeTooSmall
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import ApiKeyId, IncidentId, UserId

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32
ANA, BEN, KEY_ID = UserId(UUID(int=1)), UserId(UUID(int=2)), ApiKeyId(UUID(int=3))
TOKEN = LinkToken(IncidentId(UUID(int=7)), ANA, LinkVerb.ACKNOWLEDGE, cycle=2, round=1)

randomness = st.binary(min_size=RANDOMNESS, max_size=RANDOMNESS)
tokens = st.builds(
    LinkToken,
    incident_id=st.uuids().map(IncidentId),
    user_id=st.uuids().map(UserId),
    verb=st.sampled_from(LinkVerb),
    cycle=st.integers(0, 2**32 - 1),
    round=st.integers(0, 2**16 - 1),
)


def caller(scope: Scope = Scope.RESPOND, user_id: UserId | None = None) -> Caller:
    return Caller("key", KEY_ID, "laptop", scope, user_id)


@given(randomness)
def test_an_api_key_says_what_it_is_and_proves_its_spelling(random: bytes) -> None:
    key = make_key(KeyKind.API, random)
    assert re.fullmatch(r"oc_api_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}", key)
    assert well_formed(key)


@given(randomness, st.integers(0, 64), st.sampled_from(string.ascii_letters + string.digits))
def test_a_mistyped_api_key_is_noticed_without_asking_anybody(random: bytes, place: int, sign: str) -> None:
    key = make_key(KeyKind.API, random)
    mistyped = key[:place] + sign + key[place + 1 :]
    assert well_formed(mistyped) == (mistyped == key)


@given(randomness)
def test_an_integration_key_is_32_lower_case_letters_and_digits(random: bytes) -> None:
    assert re.fullmatch(r"[0-9a-z]{32}", make_key(KeyKind.INTEGRATION, random))


@given(randomness, randomness, st.sampled_from(KeyKind))
def test_another_secret_makes_another_key(one: bytes, other: bytes, kind: KeyKind) -> None:
    assert (make_key(kind, one) == make_key(kind, other)) == (
        one[8:] == other[8:] and (kind is KeyKind.INTEGRATION or one[:8] == other[:8])
    )


def test_too_little_randomness_makes_no_key() -> None:
    with pytest.raises(ValueError, match="random bytes"):
        make_key(KeyKind.API, b"short")


@given(randomness)
def test_what_may_be_shown_of_a_key_holds_nothing_of_an_api_secret(random: bytes) -> None:
    key = make_key(KeyKind.API, random)
    assert public_prefix(key) == key[:15]
    assert public_prefix(make_key(KeyKind.INTEGRATION, random)) == make_key(KeyKind.INTEGRATION, random)[:6]


def test_a_hash_has_32_bytes_whatever_the_text() -> None:
    assert {len(hash_key(text)) for text in ("", "ключ", "\ud800", "x" * 9_999)} == {32}


@pytest.mark.parametrize(
    ("what", "header", "expected"),
    [
        ("the usual form", "Bearer abc", "abc"),
        ("the scheme in any case, spaces around", "  bearer   abc ", "abc"),
        ("UTF-8 that a server read as Latin-1", "Bearer schlüssel".encode().decode("latin-1"), "schlüssel"),
        ("another scheme", "Basic abc", None),
        ("no key", "Bearer ", None),
        ("nothing", "", None),
        ("no header", None, None),
        ("not Latin-1 at all", "Bearer ключ", "ключ"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_bearer_key(what: str, header: str | None, expected: str | None) -> None:
    assert bearer_key(header) == expected


@pytest.mark.parametrize("held", Scope)
@pytest.mark.parametrize("needed", Scope)
def test_admin_contains_respond_contains_read(held: Scope, needed: Scope) -> None:
    order = [Scope.READ, Scope.RESPOND, Scope.ADMIN]
    if order.index(held) >= order.index(needed):
        check_scope(caller(held), needed)
    else:
        with pytest.raises(ScopeTooSmall, match=f"scope {needed.value}"):
            check_scope(caller(held), needed)


def test_a_person_may_act_for_themselves_an_admin_for_all_others_for_nobody() -> None:
    assert caller(user_id=ANA).may_act_for(ANA)
    assert caller(Scope.ADMIN).may_act_for(ANA)
    assert not caller(user_id=BEN).may_act_for(ANA)
    assert not caller().may_act_for(ANA)


def test_records_name_the_person_a_key_belongs_to_else_the_key() -> None:
    assert actor_of(caller(user_id=ANA), user_name="Ana") == Actor(ActorKind.USER, ANA, "Ana", "api")
    assert actor_of(caller(), via="link") == Actor(ActorKind.API_KEY, KEY_ID, "laptop", "link")


@given(tokens)
def test_a_link_says_what_was_signed_and_fits_into_a_url(token: LinkToken) -> None:
    text = sign_link(token, [NEW])
    assert read_link(text, [NEW]) == token
    assert re.fullmatch(r"[0-9A-Za-z_-]{1,100}", text)


def test_the_first_key_of_the_ring_signs_and_all_verify() -> None:
    assert sign_link(TOKEN, [NEW, OLD]) == sign_link(TOKEN, [NEW])
    assert read_link(sign_link(TOKEN, [OLD]), [NEW, OLD]) == TOKEN


@pytest.mark.parametrize("ring", [[], [OTHER]], ids=["an empty ring", "a foreign key"])
def test_who_does_not_hold_the_key_reads_nothing(ring: list[bytes]) -> None:
    assert read_link(sign_link(TOKEN, [NEW]), ring) is None


def test_any_other_character_anywhere_voids_a_link() -> None:
    text = sign_link(TOKEN, [NEW])
    for place in range(len(text)):
        for sign in string.ascii_letters + string.digits + "-_=+/ é":
            changed = text[:place] + sign + text[place + 1 :]
            assert read_link(changed, [NEW]) == (TOKEN if changed == text else None)


@given(tokens, tokens)
def test_no_field_can_be_changed_without_changing_the_signature(one: LinkToken, other: LinkToken) -> None:
    signed, foreign = sign_link(one, [NEW]), sign_link(other, [OTHER])
    spliced = foreign[:-24] + signed[-24:]
    assert read_link(spliced, [NEW]) == (one if spliced == signed else None)


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=120) | st.text("AQ-_", min_size=75, max_size=75))
def test_anything_else_is_no_link_and_no_error(text: str) -> None:
    assert read_link(text, [NEW, OLD]) is None
