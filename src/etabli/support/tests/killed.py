"""Sends what is due, and dies of SIGKILL at a step of it: `python killed.py STEP`."""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django

STEPS = ["taken", "prepared", "sent", "written"]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(function: Callable[..., Any]) -> Callable[..., Any]:
    def dead(*_given: Any, **_named: Any) -> Any:
        die()

    return dead


def after(function: Callable[..., Any]) -> Callable[..., Any]:
    def dies(*given: Any, **named: Any) -> Any:
        function(*given, **named)
        die()

    return dies


def main(step: str) -> None:
    django.setup()
    from etabli.support import sending
    from etabli.support.smtp import Line

    if step == "taken":
        sending._prepared = before(sending._prepared)
    elif step == "prepared":
        Line.send = before(Line.send)  # type: ignore[method-assign]
    elif step == "sent":
        Line.send = after(Line.send)  # type: ignore[method-assign]
    elif step == "written":
        sending._write = after(sending._write)
    sending.send_due()


if __name__ == "__main__":
    main(sys.argv[1])
