"""Run as a program beside the sample companies: what the journeys of the desk need, told as a line of JSON.

``mailbox IMAP_PORT SMTP_PORT PAGES``: a mailbox of the provider on test servers. ``tickets N``: so many tickets of
a client, free, of somebody with an address. ``ask TICKET``: the question of satisfaction, as days later.
"""

import json
import os
import sys
from typing import Any

import django


def mailbox(imap: str, smtp: str, pages: str) -> dict[str, Any]:
    from etabli.kernel import preferences
    from etabli.kernel.actors import SYSTEM
    from etabli.support.mailboxes import Mailbox
    from etabli.support.tests.dovecot import PASSWORD

    told = {"pages.url": pages, "mail.host": "127.0.0.1", "mail.port": int(smtp), "mail.security": "none"}
    for key, value in told.items():
        preferences.set_value(key, value, organisation=None, actor=SYSTEM)
    provider = sample("Normandie Services")
    made, _new = Mailbox.objects.update_or_create(
        organisation=provider,
        address="support@etabli.example",
        defaults={
            "name": "Support",
            "imap_host": "127.0.0.1",
            "imap_port": int(imap),
            "imap_security": "none",
            "smtp_host": "",
            "user": "support@etabli.example",
            "password": PASSWORD,
            "since": "2020-01-01",
        },
    )
    caller = somebody()
    return {"mailbox": made.pk, "name": caller.name, "email": caller.email}


def tickets(count: str) -> dict[str, Any]:
    from etabli.kernel.actors import SYSTEM
    from etabli.support.opening import Caller, Request, Words, open_ticket

    caller, made = somebody(), []
    for number in range(int(count)):
        request = Request(f"Parcours {number}", Words("Bonjour, rien ne va."), Caller(person=caller))
        made.append(open_ticket(request, organisation=caller.organisation_id, actor=SYSTEM).pk)
    return {"tickets": made, "email": caller.email}


def ask(ticket: str) -> dict[str, Any]:
    from etabli.kernel.organisations import lineage
    from etabli.kernel.tenancy import scope
    from etabli.support import satisfaction
    from etabli.support.tickets import Ticket

    row = Ticket.objects.get(pk=int(ticket))
    with scope(*lineage(row.organisation_id)):
        survey = satisfaction.ask(Ticket.objects.select_related("requester__account").get(pk=row.pk))
        return {"link": satisfaction.links_of(survey)[0][1] if survey else ""}


def somebody() -> Any:
    from etabli.people.models import Person

    clinic = sample("Clinique")
    return Person.objects.filter(organisation=clinic, account=None).exclude(email="").order_by("id").first()


def sample(name: str) -> Any:
    from etabli.kernel.organisations import Organisation

    return Organisation.objects.get(demo=True, name__startswith=name)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "etabli.project.settings")
    django.setup()
    from django.db import connection, transaction

    from etabli.kernel.organisations import Organisation
    from etabli.kernel.tenancy import opening, scope

    with opening():
        visible = list(Organisation.objects.values_list("pk", flat=True))
    acts = {"mailbox": mailbox, "tickets": tickets, "ask": ask}
    with transaction.atomic(), scope(*visible):
        print(json.dumps(acts[sys.argv[1]](*sys.argv[2:])))
    connection.close()


if __name__ == "__main__":
    main()
