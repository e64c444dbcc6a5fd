"""What the subject of a mail says of a problem: the state that its monitor writes beside the title, and the title without it."""

import re
from collections.abc import Mapping

from oncall.incidents.values import Action
from oncall.intake.adapters.nagios import IGNORED, SEVERITIES
from oncall.intake.rules import ACTIONS, one_line

REPLY = re.compile(r"(?i)^(?:\s*(?:re|fwd?|aw|wg|antw|tr|rv|sv|vs)\s?(?:\[\d{1,4}\])?:)+\s*")
STATE = re.compile(r"\s*(?:\[(?P<bracket>[^\[\]]{1,60})\]|\*\*\s*(?P<star>[A-Za-z]+)\b)\s*")
BRACKETS = re.compile(r"(?:\[[^\[\]]{1,60}\]\s*)*")
MARKS = re.compile(r"^[^\w]+")

BEFORE = re.compile(
    r"(?i)(?:monitor is\s+)?(?P<word>problem|resolved|recovery|recovered|ok|up|down|critical|warning|fixed|cleared|acknowledged|ack)"
    r"(?:\s+in\s+[\w ]{1,40}|\s+alert)?\s?[:|]\s+(?=\S)"
)
"""`PROBLEM: …`, `Resolved in 3m 20s: …` (Zabbix), `Monitor is UP: …` (UptimeRobot), `DOWN alert: …` (Pingdom), `UP | …` (Healthchecks)."""

TURN = re.compile(r"\s(?P<before>OK|UP|WARN|CRIT|UNKN|DOWN|UNREACH)\s?(?:->|→)\s?(?P<after>OK|UP|WARN|CRIT|UNKN|DOWN|UNREACH)\s*$")
"""`… OK -> CRIT` (Checkmk)."""

END = re.compile(r"\s+is\s+([A-Z]+)\s*(?:\*\*|!)\s*$")
"""`… is CRITICAL **` (Nagios), `… is CRITICAL!` (Icinga)."""

PLAIN_END = re.compile(r"\s+is\s+([A-Z]+)\s*$")
"""`… is DOWN` (Pingdom): only behind a word of state, and only words of state, since it may be all that a title says."""

PHRASES = ((re.compile(r"(?i)\bback to normal\b"), "recovered"),)
"""Jenkins."""

WORDS: Mapping[str, str] = {"warn": "warning", "crit": "critical", "unkn": "unknown"}
STATES = {*ACTIONS, *SEVERITIES}


def said_in(subject: str) -> tuple[str, str, str]:
    """The word of state, in lower case, the word of severity at the end, and the title without both; "" where there is none."""
    word, title = said_before(REPLY.sub("", one_line(subject)))
    if not word:
        word, title = _said_in_words(title)
    if turned := TURN.search(title):
        after = WORDS.get(after := turned["after"].lower(), after)
        return word or ("ok" if after in {"ok", "up"} else "problem"), after, title[: turned.start()]
    ends = END.search(title)
    if ends is None and word and (found := PLAIN_END.search(title)) and found[1].lower() in STATES:
        ends = found
    return word, ends[1].lower() if ends else "", title[: ends.start()] if ends else title.removesuffix("**").rstrip()


def said_before(title: str) -> tuple[str, str]:
    """The word of state before a title, in lower case, and the title without it; `[db-1] [RESOLVED] …` keeps what is no state."""
    at, kept = 0, ""
    while found := STATE.match(title, at):
        word = MARKS.sub("", (found["bracket"] or found["star"]).partition(":")[0].strip().lower())  # `[FIRING:2]`, `[🔴 Down]`
        if word in ACTIONS or word.replace(" ", "_") in ACTIONS or word in IGNORED or word == "alerting":
            return word, (kept + title[found.end() :]).strip()
        kept += title[at : found.end()]
        at = found.end()
    return "", title.strip()


def _said_in_words(title: str) -> tuple[str, str]:
    """As `said_before`, of what stands in no brackets: a word and a colon behind whatever does, or a phrase anywhere."""
    at = BRACKETS.match(title).end()  # type: ignore[union-attr]  # it matches nothing as well
    if found := BEFORE.match(title, at):
        return found["word"].lower(), (title[:at] + title[found.end() :]).strip()
    return next((word for phrase, word in PHRASES if phrase.search(title)), ""), title


def action_said(word: str) -> Action:
    """What a word of state asks for; whatever does not say that it is over, or seen, is a trigger."""
    return ACTIONS.get(word, Action.TRIGGER)
