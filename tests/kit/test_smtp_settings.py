"""The variables of the port for mails: each is used, or refused with one line that says why."""

from pathlib import Path

import pytest
import trustme

from oncall.intake.smtp import read_listening
from oncall.kit.settings import Settings, SettingsError, load


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("ONCALL_DATA_DIR", str(tmp_path))
    return monkeypatch


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("0.0.0.0:2525", ("0.0.0.0", 2525)),
        ("[::1]:25", ("::1", 25)),
        ("localhost:0", ("localhost", 0)),
        ("x:65535", ("x", 65535)),
    ],
)
def test_host_and_port(environment: pytest.MonkeyPatch, listen: str, address: tuple[str, int]) -> None:
    environment.setenv("ONCALL_SMTP_LISTEN", listen)
    assert load().smtp_address == address


@pytest.mark.parametrize("listen", ["2525", ":2525", "localhost", "localhost:", "localhost:70000", "::1:25", "a b:25", "smtp://x:2", "x:٣"])
def test_what_is_no_host_and_port_is_refused(environment: pytest.MonkeyPatch, listen: str) -> None:
    environment.setenv("ONCALL_SMTP_LISTEN", listen)
    with pytest.raises(SettingsError) as refused:
        load()
    assert str(refused.value) == "ONCALL_SMTP_LISTEN cannot be used: must be host:port, such as 0.0.0.0:2525, or [::]:2525"


@pytest.mark.parametrize(
    ("settings", "domain"),
    [
        ({}, None),
        ({"SMTP_HOSTNAME": "mail.example.com"}, None),
        ({"SMTP_LISTEN": "x:25"}, "[127.0.0.1]"),
        ({"SMTP_LISTEN": "x:25", "PUBLIC_URL": "https://oncall.example.com:8443/x"}, "oncall.example.com"),
        ({"SMTP_LISTEN": "x:25", "PUBLIC_URL": "http://[2001:db8::1]:80"}, "[IPv6:2001:db8::1]"),
        ({"SMTP_LISTEN": "x:25", "PUBLIC_URL": "http://a.example", "SMTP_HOSTNAME": "Mail.Example.com"}, "mail.example.com"),
        ({"SMTP_LISTEN": "x:25", "SMTP_HOSTNAME": "oncall_1.internal"}, "oncall_1.internal"),
    ],
)
def test_the_domain_of_addresses(environment: pytest.MonkeyPatch, settings: dict[str, str], domain: str | None) -> None:
    for name, value in settings.items():
        environment.setenv(f"ONCALL_{name}", value)
    assert load().mail_domain == domain


@pytest.mark.parametrize("hostname", ["user@example.com", "a b", "https://x", "-a", "a-.b", "a..b", "x" * 64, "ü.example"])
def test_what_is_no_domain_is_refused(environment: pytest.MonkeyPatch, hostname: str) -> None:
    environment.setenv("ONCALL_SMTP_HOSTNAME", hostname)
    with pytest.raises(SettingsError, match="ONCALL_SMTP_HOSTNAME cannot be used: must be the name of a host"):
        load()


def test_a_certificate_needs_its_key_and_a_port(tmp_path: Path) -> None:
    made, other = trustme.CA().issue_cert("x"), trustme.CA().issue_cert("x")
    cert, key, wrong, absent = (tmp_path / name for name in ("cert.pem", "key.pem", "wrong.pem", "absent.pem"))
    made.cert_chain_pems[0].write_to_path(cert)
    made.private_key_pem.write_to_path(key)
    other.private_key_pem.write_to_path(wrong)

    def why(**more: object) -> str:
        with pytest.raises(SettingsError) as refused:
            read_listening(Settings(data_dir=tmp_path).but(**more))
        return str(refused.value)

    listen = {"smtp_listen": "127.0.0.1:0"}
    assert why(smtp_tls_cert=cert).startswith("ONCALL_SMTP_TLS_CERT cannot be used: it says how mails are encrypted, and none are taken")
    assert why(**listen, smtp_tls_cert=cert) == "ONCALL_SMTP_TLS_CERT cannot be used: ONCALL_SMTP_TLS_KEY, its private key, is not set."
    assert why(**listen, smtp_tls_key=key).startswith("ONCALL_SMTP_TLS_KEY cannot be used: ONCALL_SMTP_TLS_CERT, the certificate")
    assert (
        why(**listen, smtp_tls_cert=absent, smtp_tls_key=key)
        == f"ONCALL_SMTP_TLS_CERT cannot be used: {absent}: No such file or directory."
    )
    for bad_cert, bad_key in ((cert, wrong), (key, key), (cert, cert)):
        assert "are not a certificate and its private key" in why(**listen, smtp_tls_cert=bad_cert, smtp_tls_key=bad_key)
    assert read_listening(Settings(data_dir=tmp_path).but(**listen)) is not None
    assert read_listening(Settings(data_dir=tmp_path)) is None
