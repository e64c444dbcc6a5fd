"""oncall: alerts in, the right person paged, again and differently, until somebody acknowledges."""

__version__ = "0.1.0"
