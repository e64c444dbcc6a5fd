"""What a telephone number is, for everybody who takes one."""

from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
    format_number,
    is_possible_number_with_reason,
    number_type,
    parse,
)

LONGEST = 60
NO_COUNTRY = "Write it with a plus sign and the code of the country: +351 912 345 678."
REASONS = {
    ValidationResult.INVALID_COUNTRY_CODE: "No country has the code that it begins with.",
    ValidationResult.TOO_SHORT: "It has too few digits for its country.",
    ValidationResult.TOO_LONG: "It has too many digits for its country.",
    ValidationResult.INVALID_LENGTH: "It has not as many digits as numbers of its country have.",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "It lacks its area code.",
}
COSTLY = {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST}


def check_phone_number(number: str) -> str:
    """The number in E.164 (+351912345678), else `ValueError` with the reason.

    Judged by its length: which numbers are in use changes too often to refuse one for that, and a code sent there proves the rest.
    """
    text = number.strip()
    if not text.startswith("+"):
        raise ValueError(NO_COUNTRY)
    if len(text) > LONGEST or not text.isprintable() or any(sign.isalpha() for sign in text):
        raise ValueError("It holds something else than digits.")
    try:
        parsed = parse(text)
    except NumberParseException as error:
        raise ValueError(_unreadable(error)) from None
    if parsed.extension:
        raise ValueError("An extension cannot be called: leave it out.")
    reason = REASONS.get(is_possible_number_with_reason(parsed))
    if reason is not None:
        raise ValueError(reason)
    if number_type(parsed) in COSTLY:
        raise ValueError("Whoever calls it pays extra, so it is not called.")
    return format_number(parsed, PhoneNumberFormat.E164)


def _unreadable(error: NumberParseException) -> str:
    match error.error_type:
        case NumberParseException.INVALID_COUNTRY_CODE:
            return REASONS[ValidationResult.INVALID_COUNTRY_CODE]
        case NumberParseException.TOO_SHORT_AFTER_IDD | NumberParseException.TOO_SHORT_NSN:
            return REASONS[ValidationResult.TOO_SHORT]
        case NumberParseException.TOO_LONG:
            return REASONS[ValidationResult.TOO_LONG]
        case _:
            return NO_COUNTRY
