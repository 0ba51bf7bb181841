"""A mail server for the whole session of tests, and a mailbox of the desk on it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from etabli.kernel.tenancy import scope
from etabli.people.models import Person
from etabli.support.mailboxes import Mailbox

from .dovecot import PASSWORD, Dovecot
from .gateway import Gateway


@pytest.fixture(scope="session")
def mailserver() -> Iterator[Dovecot]:
    made = Dovecot().start()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def mailbox_at(mailserver: Dovecot) -> Callable[..., Mailbox]:
    """A mailbox of an organisation on the mail server, empty."""
    number = 0

    def make(organisation: int, address: str = "", **more: Any) -> Mailbox:
        nonlocal number
        number += 1
        address = address or f"support{number}@etabli.example"
        mailserver.add(address)
        values = {
            "name": "Support",
            "imap_host": "localhost",
            "imap_port": mailserver.imap,
            "imap_security": "none",
            "user": address,
            "password": PASSWORD,
            "done_folder": "Done",
            "since": "2020-01-01",
        }
        with scope(organisation):
            made = Mailbox.objects.create(organisation_id=organisation, address=address, **(values | more))
            return Mailbox.objects.select_related("team").get(pk=made.pk)

    return make


@pytest.fixture
def gateway(firm: Any) -> Iterator[Gateway]:
    with scope(firm.provider.id, firm.acme.id, firm.globex.id):
        made = Gateway(firm)
        for name, email in (("Claire Moreau", "Claire@acme.example"), ("Paul Roy", "paul@acme.example")):
            Person.objects.create(organisation=firm.acme.organisation, name=name, email=email)
        yield made
