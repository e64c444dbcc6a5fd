"""What cannot be done with a major incident."""

from oncall.kit.errors import Conflict


class StaysMajor(Conflict):
    """It is of the gravest priority, which makes it a major one by itself."""

    code = "stays_major"
    title = "Stays a major incident"
