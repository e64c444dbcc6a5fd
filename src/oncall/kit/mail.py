"""What an e-mail address is, for everybody who takes one."""

from email_validator import EmailNotValidError, validate_email

STAND_IN = ".test"


def check_mail_address(address: str) -> str:
    """The address as it goes on the wire (ASCII, a domain in its xn-- form), else `ValueError` with the reason.

    Nothing is looked up, and any domain will do, one without a dot or one reserved for private use too: mail may never leave the house.
    """
    try:
        # The validator refuses names such as ops@corp.local; below .test, and there only, it takes everything that has the right form.
        checked = validate_email(
            address.strip() + STAND_IN,
            strict=True,
            allow_smtputf8=False,
            check_deliverability=False,
            test_environment=True,
            globally_deliverable=False,
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error
    if checked.ascii_email is None:
        raise ValueError("The part before the @-sign may only hold ASCII characters.")
    return checked.ascii_email.removesuffix(STAND_IN)
