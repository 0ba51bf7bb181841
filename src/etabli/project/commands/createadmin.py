"""``createadmin``: an administrator of an organisation, for who cannot or will not use the first page."""

import secrets
import sys
from getpass import getpass
from typing import Annotated, Any

import typer

from .application import working
from .language import _
from .outcome import Failure
from .terminal import interactive, say


def createadmin(
    email: Annotated[str, typer.Argument(help=_("E-mail address of the administrator"))],
    name: Annotated[str, typer.Option(help=_("Name; the address when not given"))] = "",
    organisation: Annotated[
        str, typer.Option(help=_("Organisation; the first one when not given, made when there is none"))
    ] = "",
    stdin: Annotated[bool, typer.Option("--password-stdin", help=_("Read the password on stdin"))] = False,
) -> None:
    """Create an administrator with every right on an organisation and those under it.

    The password is asked on a terminal, read on stdin with --password-stdin, else drawn and printed on
    stdout.
    """
    given = _password(stdin)
    with working():
        password = _create(email, name or email.partition("@")[0], organisation, given)
    say(_("{email} is an administrator.").format(email=email))
    if not given:
        print(password)


def _password(stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\n")
    return getpass(_("Password (12 characters or more): ")) if interactive() else ""


def _create(email: str, name: str, organisation: str, password: str) -> str:
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email

    from etabli.kernel.accounts import Account
    from etabli.people.actions import create_administrator

    drawn = password or secrets.token_urlsafe(12)
    try:
        validate_email(email)
        validate_password(drawn)
    except ValidationError as error:
        raise Failure(" ".join(error.messages)) from None
    if Account.objects.filter(email__iexact=email).exists():
        raise Failure(
            _("An account has this address already: {email}. Invite it from the pages.").format(email=email)
        )
    create_administrator(email=email, name=name, password=drawn, organisation=_organisation(organisation))
    return drawn


def _organisation(name: str) -> Any:
    from etabli.kernel.organisations import Organisation
    from etabli.kernel.tenancy import opening
    from etabli.people.actions import MAKER, start_organisation

    with opening():
        real = Organisation.objects.filter(demo=False).order_by("pk")
        names = list(real.values_list("name", flat=True)[:20])
        found = real.filter(name__iexact=name).first() if name else real.first()
    if found is not None:
        return found
    if names:
        raise Failure(
            _("There is no organisation “{name}”. Known: {names}.").format(name=name, names=", ".join(names))
        )
    return start_organisation(name=name or _("My organisation"), kind="provider", actor=MAKER)
