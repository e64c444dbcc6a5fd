"""`oncall`, and `python -m oncall`, which is the same."""

import gc

gc.disable()  # what is imported stays: to look for garbage in it again and again takes a quarter of a second of each start

from oncall.cli import main as _main  # noqa: E402


def main() -> None:
    gc.enable()
    _main()


if __name__ == "__main__":
    main()
