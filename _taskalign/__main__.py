"""`taskalign` and `python -m taskalign`."""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn


def _interrupted(number: int, frame: FrameType | None) -> NoReturn:
    # at once: an exception in the middle of an import may be swallowed there; nothing is open yet
    os.write(2, b"taskalign: interrupted\n")
    os._exit(130)


def main() -> int:
    """Run the command line; an interrupt while it is being imported is one line, as later."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:  # or interrupts are ignored, or somebody else's
        signal.signal(signal.SIGINT, _interrupted)
    try:
        from taskalign.cli import main as run
    finally:
        signal.signal(signal.SIGINT, handler)
    return run()


if __name__ == "__main__":
    sys.exit(main())
