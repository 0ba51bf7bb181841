"""``demo``: the sample companies, loaded or removed from a terminal."""

import time
from typing import Annotated

import typer

from .application import working
from .language import _
from .terminal import say

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)


@app.command("load", help=_("Load the sample companies; does nothing when they are there"))
def load(
    password: Annotated[
        str, typer.Option(help=_("Password of the sample accounts; drawn when not given"))
    ] = "",
) -> None:
    """Load, then print the accounts on stdout as ``e-mail<TAB>password`` lines."""
    with working():
        from django.utils import timezone

        from ..demo import actions

        begun = time.monotonic()
        made = actions.load(now=timezone.now(), password=password, tell=say)
    if not made.password:
        say(_("The sample companies are already there."))
        return
    say(
        _("Sample companies loaded in {seconds:.0f} s: {assets} assets, {people} people.").format(
            seconds=time.monotonic() - begun, assets=made.counts["assets"], people=made.counts["people"]
        )
    )
    for email in made.accounts:
        print(f"{email}\t{made.password}")


@app.command("remove", help=_("Remove the sample companies and all that hangs on them"))
def remove() -> None:
    """Remove; the other organisations are not touched."""
    with working():
        from ..demo import actions

        rows = sum(actions.remove().values())
    say(
        _("Sample companies removed: {rows} rows.").format(rows=rows)
        if rows
        else _("There is no sample company.")
    )


# the words people type in French
app.command("charger", hidden=True)(load)
app.command("retirer", hidden=True)(remove)
