"""Who calls and writes, as a contact for people's phones, so that they can let it ring through Do Not Disturb. Pure (RFC 2426)."""

import re

NAME = "On-call pages"


def card(*, number: str | None, mail: str) -> str:
    """Version 3.0, which every phone reads. The number is E.164."""
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:;{NAME};;;", f"FN:{NAME}", "ORG:oncall"]
    if number:
        lines.append(f"TEL;TYPE=CELL,VOICE,PREF:{number}")
    lines += [f"EMAIL;TYPE=INTERNET:{_escaped(mail)}", "NOTE:Let calls and messages of this contact ring on silent.", "END:VCARD"]
    return "".join(f"{line}\r\n" for line in lines)


def _escaped(text: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", text)
