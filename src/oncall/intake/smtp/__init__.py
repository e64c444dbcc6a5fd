"""Mails over SMTP, for monitors that can send nothing else: each integration has an address. Nothing is ever passed on."""

from oncall.intake.smtp.door import Door
from oncall.intake.smtp.listening import Listening, read_listening
from oncall.intake.smtp.server import MailServer

__all__ = ["Door", "Listening", "MailServer", "read_listening"]
