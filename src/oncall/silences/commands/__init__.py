"""What can be done with silences, windows and inhibitions, and all of them made ready for paging."""

from oncall.silences.commands.muting import MUTING, load_mutings

__all__ = ["MUTING", "load_mutings"]
