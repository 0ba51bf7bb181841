"""Reads a mailbox in a process of its own, which kills itself (SIGKILL) after a step: for the tests only.

Called as ``python -m etabli.support.tests.dying_reader MAILBOX STEP NUMBER``; ``never`` reads to the end.
"""

import os
import signal
import sys


def main(mailbox: str, last: str, number: str) -> None:
    import django

    django.setup()
    from etabli.support.reading import found, read_mailbox

    seen = 0

    def step(name: str) -> None:
        nonlocal seen
        seen += name == last
        if name == last and seen == int(number):
            os.kill(os.getpid(), signal.SIGKILL)

    one = found(int(mailbox))
    if one is None:
        raise SystemExit(2)
    read_mailbox(one, step=step)


if __name__ == "__main__":
    main(*sys.argv[1:])
