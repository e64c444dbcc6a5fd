"""From a body's bytes to plain values, and from a monitor's words to ours. Pure and total."""

from oncall.intake.rules.decoding import MAX_MEMBERS, MAX_TEXT, bounded, cut
from oncall.intake.rules.fields import Fields, Paths, named_key, read_fields, said_at, says, word_at
from oncall.intake.rules.headers import kept_headers
from oncall.intake.rules.hiding import redacted
from oncall.intake.rules.identity import key_of
from oncall.intake.rules.inflating import GZIP, MAX_INFLATED, inflate
from oncall.intake.rules.mail import decoded, has_head, is_mail, lowered, mail_in
from oncall.intake.rules.opening import decode
from oncall.intake.rules.own_key import without_key
from oncall.intake.rules.secrets import HIDDEN, hides, is_secret, plain, without_login
from oncall.intake.rules.sent_by import mail_sent_by, sent_by
from oncall.intake.rules.showing import ShownBody, sent_as, shown_body, shown_headers
from oncall.intake.rules.standing_in import (
    MAX_FROM_ONE_BODY,
    OVERSIZED,
    delivered,
    more_events,
    only_recorded,
    oversized,
    read_each,
    turned_away,
    unreadable,
    why_only_recorded,
)
from oncall.intake.rules.telling import told, told_link, without_secrets
from oncall.intake.rules.wording import (
    ACTIONS,
    action_of,
    instant_of,
    labels_of,
    links_of,
    objects_of,
    one_line,
    severity_of,
    text_of,
    title_of,
)
from oncall.kit.stored_text import MAX_KEY, bounded_key, storable

__all__ = [
    "ACTIONS",
    "GZIP",
    "HIDDEN",
    "MAX_FROM_ONE_BODY",
    "MAX_INFLATED",
    "MAX_KEY",
    "MAX_MEMBERS",
    "MAX_TEXT",
    "OVERSIZED",
    "Fields",
    "Paths",
    "ShownBody",
    "action_of",
    "bounded",
    "bounded_key",
    "cut",
    "decode",
    "decoded",
    "delivered",
    "has_head",
    "hides",
    "inflate",
    "instant_of",
    "is_mail",
    "is_secret",
    "kept_headers",
    "key_of",
    "labels_of",
    "links_of",
    "lowered",
    "mail_in",
    "mail_sent_by",
    "more_events",
    "named_key",
    "objects_of",
    "one_line",
    "only_recorded",
    "oversized",
    "plain",
    "read_each",
    "read_fields",
    "redacted",
    "said_at",
    "says",
    "sent_as",
    "sent_by",
    "severity_of",
    "shown_body",
    "shown_headers",
    "storable",
    "text_of",
    "title_of",
    "told",
    "told_link",
    "turned_away",
    "unreadable",
    "why_only_recorded",
    "without_key",
    "without_login",
    "without_secrets",
    "word_at",
]
