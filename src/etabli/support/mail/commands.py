"""``mail``: what is understood of a mail, without a ticket, a database or a network."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

FAILED = 1
app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)


def gettext_noop(text: str) -> str:
    """Mark a text of the help for the catalogue; Django's own needs settings, read once a command runs."""
    return text


Files = Annotated[
    list[Path], typer.Argument(metavar="FILE", help=gettext_noop("Mails as they were received (.eml)"))
]
Addresses = Annotated[
    list[str] | None,
    typer.Option(
        "--own", metavar="ADDRESS", help=gettext_noop("An address of ours; what it sends is a loop")
    ),
]
EXPLAINED = gettext_noop(
    "One JSON object a line for each mail: what is understood of it, and why. Nothing is opened or sent. "
    "Fields: file; kind (message, reply, auto-reply, bounce, loop, unreadable), reasons (sentences), "
    "rules (fixed words); sender, original_sender of a forwarded mail, reply_to, to, cc; subject; date "
    "and received_date (ISO 8601 with offset, or null); message_id, identity (made from the content when "
    "there is no message_id), in_reply_to, references, threads (proof, value, ticket, verified); text, "
    "trimmed_text, folded (kind, text); may_reopen, may_acknowledge; bounce (failures: recipient, status, "
    "reason, permanent; message_id, subject); html, blocked_images, protection; attachments (name, type, "
    "size, sha256, inline, content_id); size, sha256."
)


@app.callback()
def mail() -> None:
    """Read mails."""


@app.command(
    name="explain", help=EXPLAINED, short_help=gettext_noop("Tell what is understood of mails, in JSON.")
)
def explain(files: Files, own: Addresses = None) -> None:
    """Print what is understood of each mail. A file that cannot be read is named, the others are still
    explained.
    """
    _speaking()
    from django.utils.translation import gettext as _

    from .explaining import explain as explained
    from .sorting import Ourselves

    ourselves = Ourselves(frozenset(address.strip().lower() for address in own or []))
    unread = 0
    for file in files:
        try:
            raw = file.read_bytes()
        except OSError as error:
            unread += 1
            told = {"file": file, "why": error.strerror or error}
            print(_("%(file)s cannot be read: %(why)s.") % told, file=sys.stderr, flush=True)
            continue
        print(json.dumps(explained(raw, file=str(file), ourselves=ourselves), ensure_ascii=False), flush=True)
    if unread:
        raise typer.Exit(FAILED)


def _speaking() -> None:
    """Django with our catalogue and nothing else: no database, key or file of the installation."""
    import django
    from django.conf import settings
    from django.utils import translation

    if not settings.configured:
        settings.configure(LOCALE_PATHS=[Path(__file__).parents[1] / "locale"], USE_I18N=True)
        django.setup()
    translation.activate(os.environ.get("LANGUAGE") or "fr")
