"""The roles in which people work on one incident together."""

from enum import StrEnum


class Role(StrEnum):
    COMMANDER = "commander"
    COMMUNICATIONS = "communications"
    SCRIBE = "scribe"
