"""By what an answer is known again: only what was signed by one of our keys, and only as the incident it was signed for."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.channels.answers import Answers, without_word

OURS = Answers("oncall.example.com", True, (b"new", b"old"))
OLD = Answers("oncall.example.com", True, (b"old",))
OTHERS = Answers("oncall.example.com", True, (b"guessed",))


@given(st.uuids(), st.integers(1, 10**15))
def test_what_was_signed_is_known_in_each_of_its_forms_and_after_a_new_key(id: UUID, number: int) -> None:
    for signed in (OURS, OLD):
        address, thread, word = signed.address(id), signed.thread(id), signed.word(number)
        assert address is not None
        assert len(address.partition("@")[0]) <= 64, "RFC 5321 §4.5.3.1.1"
        assert OURS.of_address(address) == OURS.of_address(address.upper()) == id
        assert OURS.of_thread(["<a@b>", thread]) == id
        assert OURS.of_subject(f"Re: We have it: {word} Slow") == number


@given(st.uuids(), st.uuids(), st.integers(1, 10**6))
def test_what_somebody_made_up_names_nothing(id: UUID, other: UUID, number: int) -> None:
    assert OURS.of_address(OTHERS.address(id) or "") is None
    assert OURS.of_thread([OTHERS.thread(id)]) is None
    assert OURS.of_subject(OTHERS.word(number)) is None
    if other != id:
        assert OURS.of_address((OURS.address(id) or "").replace(id.hex, other.hex)) is None
    assert OURS.of_subject(OURS.word(number).replace(f"#{number}-", f"#{number + 1}-")) is None


@given(st.text(max_size=200))
def test_any_words_name_nothing(text: str) -> None:
    assert (OURS.of_address(text), OURS.of_thread([text]), OURS.of_subject(text)) == (None, None, None)


@pytest.mark.parametrize("answers", [Answers("oncall.example.com", False, (b"new",)), Answers("other.example.com", True, (b"new",))])
def test_an_address_counts_only_where_mails_are_taken_for_it(answers: Answers) -> None:
    assert answers.of_address(OURS.address(UUID(int=1)) or "") is None
    assert Answers("oncall.example.com", False, (b"new",)).address(UUID(int=1)) is None


def test_a_subject_without_the_word() -> None:
    assert without_word(f"We have it: {OURS.word(12)} Slow [#3] [#12-xyz]") == "We have it: Slow [#3] [#12-xyz]"
