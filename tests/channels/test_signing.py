"""Standard Webhooks signatures, judged by the reference library."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError
from tests.channels.messages import OLD_SECRET, SECRET, real_now

from oncall.channels.signing import derive_secret, read_secret, signed_headers

NOW = datetime.fromtimestamp(0, UTC)


def signed(body: bytes, *secrets: str, at: datetime, message_id: str = "msg") -> dict[str, str]:
    return signed_headers(secrets, message_id=message_id, at=at, body=body)


def test_the_example_of_the_specification() -> None:
    """Values published with the reference implementations."""
    headers = signed(
        b'{"test": 2432232314}',
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        at=datetime.fromtimestamp(1614265330, UTC),
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(st.text(max_size=100), st.text(st.characters(codec="ascii", exclude_characters=". ,", categories=("L", "N")), min_size=1))
def test_the_reference_library_accepts_every_secret_of_the_ring(body: str, message_id: str) -> None:
    headers = signed(body.encode(), SECRET, OLD_SECRET, at=real_now(), message_id=message_id)
    for secret in (SECRET, OLD_SECRET):
        Webhook(secret).verify(body, headers, json_parse=False)


def test_one_changed_byte_is_refused() -> None:
    headers = signed(b'{"a":1}', SECRET, at=real_now())
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify('{"a":2}', headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD_SECRET).verify('{"a":1}', headers)


def test_the_first_secret_signs_first() -> None:
    first, second = signed(b"x", SECRET, OLD_SECRET, at=NOW)["webhook-signature"].split(" ")
    assert first == signed(b"x", SECRET, at=NOW)["webhook-signature"]
    assert second == signed(b"x", OLD_SECRET, at=NOW)["webhook-signature"]


URL = "https://hooks.example.com/ana"


def test_a_derived_secret_is_stable_differs_by_key_and_is_one_that_others_can_use() -> None:
    assert derive_secret("key-1", URL) == derive_secret("key-1", URL) != derive_secret("key-2", URL)
    assert derive_secret("key-1", URL) != derive_secret("key-1", f"{URL}/other"), "one receiver cannot speak to another in our name"
    assert len(read_secret(derive_secret("key-1", URL))) == 32
    assert "key-1" not in derive_secret("key-1", URL)
    Webhook(derive_secret("key-1", URL))


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_not base64!", "whsec_" + "A" * 120]
)
def test_a_secret_that_is_none_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(ValueError, match="'whsec_' followed by") as refusal:
        read_secret(secret)
    assert not secret[6:] or secret not in str(refusal.value)


def test_no_secret_no_signature() -> None:
    with pytest.raises(ValueError, match="at least one"):
        signed(b"x", at=NOW)
