"""`oncall`, and `python -m oncall`, which is the same."""

import gc
import sys

sys.modules["httpx._main"] = None  # type: ignore[assignment]  # its command line, read if it can be: half a megabyte that nobody uses
gc.disable()  # what is imported stays: to look for garbage in it again and again takes a quarter of a second of each start

from oncall.cli import main  # noqa: E402

gc.enable()  # at once: a worker process imports this, and never calls it


if __name__ == "__main__":
    main()
