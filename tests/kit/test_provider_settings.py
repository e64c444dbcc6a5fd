"""The variables of providers: each is used, or refused with one line that says why and does not repeat a secret."""

from pathlib import Path

import pytest

from oncall.channels.messengers import check_providers
from oncall.kit.settings import SettingsError, load

BAD = [
    ("NTFY_URL", "ntfy.example.com", "must begin with http:// or https://"),
    ("NTFY_URL", "https://:tk_secret@ntfy.example.com/?x=1", "must begin with http:// or https://"),
    ("NTFY_URL", "https://:tk_secret@10.0.0.1", "10.0.0.1 is not a public address; an operator can allow it with ONCALL_OUTBOUND_ALLOW."),
    ("NTFY_URL", "https://:tk_secret@", "a URL begins with https:// or http://, names a host"),
    ("PUSHOVER_TOKEN", "secret", "must be a token like azGDORePK8gMaC0QOYAMyEEuzJnyUi"),
    ("PUSHOVER_API_URL", "https://api.pushover.net:9999", "port 9999 is not one of 80, 443 and 8443"),
    ("SLACK_BOT_TOKEN", "secret", "must be a token like xoxb-…"),
    ("SLACK_BOT_TOKEN", "xoxb-secret secret secret", "must be a token like xoxb-…"),
    ("SLACK_API_URL", "http://u:secret@slack.com/api", "a URL must not carry a user name or a password."),
    ("TELEGRAM_BOT_TOKEN", "secret", "must be a token like 123456789:AAE…"),
    ("TELEGRAM_BOT_TOKEN", "123456789:secret-secret-secret-secret-secret\n", "must be a token like 123456789:AAE…"),
    ("TELEGRAM_API_URL", "api.telegram.org", "must begin with http:// or https://"),
    ("TELEGRAM_API_URL", "http://localhost:8081", "localhost is not a public address"),
]


@pytest.mark.parametrize(("name", "value", "why"), BAD)
def test_one_that_cannot_be_used_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, why: str) -> None:
    monkeypatch.setenv("ONCALL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv(f"ONCALL_{name}", value)
    with pytest.raises(SettingsError) as refused:
        check_providers(load())
    assert str(refused.value).startswith(f"ONCALL_{name} cannot be used: {why}")
    assert "secret" not in str(refused.value)


def test_a_server_in_the_house_is_used_once_it_is_allowed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ONCALL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ONCALL_NTFY_URL", "http://:tk_secret@10.0.0.1:8000")
    monkeypatch.setenv("ONCALL_OUTBOUND_ALLOW", "10.0.0.0/8")
    check_providers(load())
