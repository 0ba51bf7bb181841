"""``fleet``: the fleet from the command line, by the same filters, forms, acts and rights as the pages.

Exit codes are those of every command: 0 done, 1 something was refused, 2 wrong usage. Data goes to stdout.
"""

import json
from typing import Annotated, Any

import typer

from . import fleet_words as words
from .application import working
from .language import _
from .terminal import say, table

EXTRA = {"allow_extra_args": True, "ignore_unknown_options": True}
app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)
As = Annotated[str, typer.Option("--as", metavar="EMAIL", help=_("Act with the rights of this account"))]
Within = Annotated[str, typer.Option("--organisation", metavar="NAME", help=_("Only this organisation"))]
Named = Annotated[str, typer.Argument(help=_("Its number, asset tag, serial number or name"))]
Output = Annotated[str, typer.Option("-o", "--output", metavar="FORMAT", help=_("table, json or csv"))]
Trial = Annotated[
    bool, typer.Option("--dry-run", "--essai", help=_("Check and say what would be done, write nothing"))
]


@app.command("list", context_settings=EXTRA)
@app.command("liste", context_settings=EXTRA, hidden=True)
def list_(
    ctx: typer.Context,
    output: Output = "table",
    search: Annotated[str, typer.Option("-q", "--search", "--recherche", help=_("Words to find"))] = "",
    columns: Annotated[str, typer.Option("--columns", "--colonnes", help=_("Columns, with commas"))] = "",
    sort: Annotated[str, typer.Option("--sort", "--tri", help=_("Column to sort by; -name goes down"))] = "",
    but: Annotated[list[str] | None, typer.Option("--not", "--sauf", help=_("Turn a filter round"))] = None,
    within: Within = "",
    as_: As = "",
) -> None:
    """List the fleet. Each filter of the page is an option: --site Rouen --state lost --sans-garantie."""
    if output not in ("table", "json", "csv"):
        raise words.Usage(_("“{format}” is not a format: table, json or csv.").format(format=output))
    with working(), words.acting(as_, within) as actor:
        listing = words.listing(actor, ctx.args, but or [], {"q": search, "columns": columns, "sort": sort})
        if output == "table":
            _table(listing)
        else:
            _file(listing, output)
        say(_("Assets: {count}.").format(count=listing.count))


@app.command("show")
@app.command("montrer", hidden=True)
def show(asset: Named, output: Output = "table", within: Within = "", as_: As = "") -> None:
    """Show an asset, named by its number, its tag, its serial number or its name."""
    with working(), words.acting(as_, within) as actor:
        obj = words.find(actor, asset)
        if output == "json":
            _print(words.serialised(obj))
            return
        rows = [(str(label), words.plain_text(value)) for label, value in words.screen().compared(obj)]
        table((_("Property"), str(obj)), rows)


@app.command("add", context_settings=EXTRA)
@app.command("ajouter", context_settings=EXTRA, hidden=True)
def add(ctx: typer.Context, trial: Trial = False, within: Within = "", as_: As = "") -> None:
    """Add an asset: --name PC-9 --kind laptop --site Rouen, or --nom, --type…"""
    with working(), words.acting(as_, within, trial=trial) as actor:
        saved = words.save(actor, None, words.pairs(ctx.args))
        _print(words.serialised(saved))
        say(_tell(trial, _("added"), saved))


@app.command("change", context_settings=EXTRA)
@app.command("modifier", context_settings=EXTRA, hidden=True)
def change(ctx: typer.Context, asset: Named, trial: Trial = False, within: Within = "", as_: As = "") -> None:
    """Change the fields of an asset: fleet change PC-0431 --site Caen --person "Claire Moreau"."""
    with working(), words.acting(as_, within, trial=trial) as actor:
        saved = words.save(actor, words.find(actor, asset), words.pairs(ctx.args))
        _print(words.serialised(saved))
        say(_tell(trial, _("changed"), saved))


@app.command("act", context_settings=EXTRA)
@app.command("agir", context_settings=EXTRA, hidden=True)
def act(
    ctx: typer.Context,
    what: Annotated[list[str], typer.Argument(metavar="ASSET… ACT", help=_("Assets, then the act"))],
    trial: Trial = False,
    within: Within = "",
    as_: As = "",
) -> None:
    """Do an act on assets: fleet act PC-0431 PC-0432 seen --room "Salle 2"; without an act, list the acts."""
    # Options that typer does not know arrive among the arguments: the names stand before the first of them.
    given = [*what, *ctx.args]
    cut = next((i for i, word in enumerate(given) if word.startswith("--")), len(given))
    names, sent = given[:cut], given[cut:]
    with working(), words.acting(as_, within, trial=trial) as actor:
        chosen = words.act_named(names[-1])
        if chosen is None or len(names) < 2:
            raise words.Usage(words.acts_told(actor, "" if len(names) < 2 and chosen else names[-1]))
        keys = [words.find(actor, name).pk for name in names[:-1]]
        done, problems, batch = words.perform(actor, chosen, keys, words.pairs(sent))
        _print({"act": chosen.name, "done": done, "problems": problems, "batch": batch, "dry_run": trial})
        for problem in problems:
            say(problem)
    if problems:
        raise typer.Exit(1)


def _table(listing: Any) -> None:
    rows = listing.full(listing.ordered())
    cells = [
        [words.plain_text(c.cell(obj)) for c in listing.columns] for obj in rows.iterator(chunk_size=500)
    ]
    table([str(c.label) for c in listing.columns], cells)


def _file(listing: Any, output: str) -> None:
    import sys

    from etabli.kernel.screens import exporting

    sys.stdout.flush()
    exporting.write(listing, output, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _print(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, default=str))


def _tell(trial: bool, done: str, obj: Any) -> str:
    if trial:
        return _("Nothing was written: without --dry-run, “{name}” would be {done}.").format(
            name=obj, done=done
        )
    return _("“{name}” is {done}.").format(name=obj, done=done)
