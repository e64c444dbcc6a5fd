"""Structured log lines, one JSON object each (readable on a terminal), with secrets taken out."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Integration keys stand in URLs because many monitors can do nothing else; and in mail addresses;
# API keys and link tokens must not reach a log either.
SECRETS = re.compile(
    r"(oc_[a-z]+_[A-Za-z0-9]+_)[A-Za-z0-9_]+|(/intake/|/l/|/report/|/subscriptions/)[^/\s\"'?]+|(/heartbeats/)[0-9a-z]{32}\b"
    r"|(?i:(authorization[\"':= ]+\S+ )\S+)|\b[0-9A-Za-z]{32}(?=@)"
)


def redact(text: str) -> str:
    """The text without keys, tokens and authorization headers; what kind of secret it was stays readable."""
    return SECRETS.sub(lambda m: next(g for g in (*m.groups(), "") if g is not None) + "[redacted]", text)


def _redact(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}


def configure(*, level: str = "INFO") -> None:
    """Send our log and the standard library's through one set of processors to stderr; call once, at start."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact,
    ]
    last: structlog.types.Processor = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for noisy in ("alembic", "apscheduler", "httpx", "httpcore", "uvicorn.access", "mail.log"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def get_log(room: str) -> structlog.stdlib.BoundLogger:
    log: structlog.stdlib.BoundLogger = structlog.get_logger(room)
    return log
