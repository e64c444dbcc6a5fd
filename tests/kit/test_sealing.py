"""Secrets are sealed with the first key of the ring and opened with any."""

import pytest

from oncall.kit.sealing import CannotOpen, Sealing

OLD, NEW = "an old key of thirty-two characters", "a new key of thirty-two characters"


def test_what_was_sealed_is_opened_while_the_ring_has_its_key() -> None:
    sealed = Sealing([OLD]).seal(b"secret")
    assert b"secret" not in sealed
    assert [Sealing(ring).open(sealed) for ring in ([OLD], [NEW, OLD], [OLD, NEW])] == [b"secret"] * 3
    with pytest.raises(CannotOpen, match="ONCALL_SECRET_KEYS"):
        Sealing([NEW]).open(sealed)


def test_the_first_key_seals() -> None:
    sealed = Sealing([NEW, OLD]).seal(b"secret")
    assert Sealing([NEW]).open(sealed) == b"secret"
    with pytest.raises(CannotOpen):
        Sealing([OLD]).open(sealed)


@pytest.mark.parametrize("at", [0, 20, 60, -10])
def test_what_was_changed_is_not_opened(at: int) -> None:
    sealing = Sealing([OLD])
    sealed = bytearray(sealing.seal(b"secret"))
    sealed[at] = ord("B") if sealed[at] == ord("A") else ord("A")
    for changed in (bytes(sealed), sealing.seal(b"secret")[:-4], b""):
        with pytest.raises(CannotOpen):
            sealing.open(changed)
