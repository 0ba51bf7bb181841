"""``upgrade``: after new code was put in place: back up, bring the database up to date, check."""

from typing import Annotated

import typer

from . import instance
from .backup import save
from .database import check_role, connect, served
from .doctor import doctor
from .language import _
from .outcome import Failure
from .readiness import make_ready
from .terminal import say


def upgrade(
    backup: Annotated[bool, typer.Option("--backup/--no-backup", help=_("Save everything first"))] = True,
) -> None:
    """Back up, migrate the database, gather the pages' files, and check the result."""
    if instance.holder() is not None:
        raise Failure(_("Stop Établi first: ./etabli stop"))
    with served():
        if backup:
            say(_("Saving everything first…"))
            say(_("Saved in {path}").format(path=save()))
        with connect() as connection:
            check_role(connection)
            make_ready(connection)
        doctor()
