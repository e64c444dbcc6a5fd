"""Which e-mail addresses are taken, and in which form they are kept."""

import pytest

from oncall.kit.mail import check_mail_address


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("ana@example.com", "ana@example.com"),
        (" Ana@EXAMPLE.com ", "Ana@example.com"),
        ("ops@corp.local", "ops@corp.local"),
        ("root@localhost", "root@localhost"),
        ("ana@team.test", "ana@team.test"),
        ("ana+pager@mail.example.com", "ana+pager@mail.example.com"),
        ("ana@exämple.com", "ana@xn--exmple-cua.com"),
    ],
)
def test_an_address_is_kept_as_it_goes_on_the_wire(given: str, expected: str) -> None:
    assert check_mail_address(given) == expected


@pytest.mark.parametrize(
    "given",
    ["", "ana", "@example.com", "ana@", "ana@.", "ana@example.", "ana@@example.com", "a na@example.com", "Ana <ana@example.com>",
     "ana@example.com\nBcc: x@example.com", "ana@[192.0.2.7]", "josé@example.com", "ana@exa_mple.com", "a" * 65 + "@example.com"],
)  # fmt: skip
def test_this_is_not_an_address(given: str) -> None:
    with pytest.raises(ValueError):
        check_mail_address(given)
