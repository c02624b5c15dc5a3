"""What a program writes to a terminal."""

import os


def rest_of(terminal: int) -> bytes:
    """All that is still to come until the program ends; closes the terminal, which is this side of `os.openpty`."""
    shown = b""
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # how a terminal says that the other side has gone
            break
        if not data:
            break
        shown += data
    os.close(terminal)
    return shown
