"""Mail in: from a folder of a real Dovecot to tickets, each mail kept on disk, sorted and put away."""

import time
from collections.abc import Iterator

from .figures import Figure
from .rig import home

NAME = "mail"
TARGET = 40
ADDRESS = "bench@etabli.example"


def figures(*, quick: bool, size: str) -> Iterator[Figure]:
    """Needs Dovecot and root, as its tests do; the rows made are taken away again."""
    from etabli.project.components import missing, reason
    from etabli.support.tests.dovecot import Dovecot, refusal

    if absent := [reason(name) for name in missing(["dovecot"])] or [refusal()] * bool(refusal()):
        yield Figure("mails from Dovecot to ticket", None, "/s", TARGET, note=absent[0])
        return
    server = Dovecot().start()
    try:
        number = 200 if quick else 1_000
        people = _people()
        for name, mails in (
            ("mails from Dovecot to ticket", _requests(number, people)),
            ("answers from Dovecot to their tickets", _answers(number, people)),
        ):
            yield _measured(name, server, mails, number, TARGET)
    finally:
        server.close()


def _people() -> list[str]:
    """Addresses of people of every organisation."""
    from etabli.kernel.tenancy import everywhere
    from etabli.people.models import Person

    with everywhere(because="the mailbox of the provider is written to by the people of all its clients"):
        return list(Person.objects.exclude(email="").order_by("pk").values_list("email", flat=True)[:50])


def _requests(number: int, people: list[str]) -> list[bytes]:
    from etabli.support.tests.dovecot import mail

    text = "Hello,\n\nthe printer of the second floor prints nothing since this morning.\n\n-- \nClaire\n" * 3
    senders = [people[n % len(people)] for n in range(number)]
    return [
        mail(n, subject=f"Printer {n}", text=text, sender=one, to=ADDRESS) for n, one in enumerate(senders)
    ]


def _answers(number: int, people: list[str]) -> list[bytes]:
    """To the mails of the other measure, which stand in their folder before."""
    from etabli.support.tests.dovecot import mail

    made = []
    for n in range(number):
        answer_to = [f"In-Reply-To: <m{n}@acme.example>"]
        sender = people[n % len(people)]
        made.append(
            mail(number + n, subject=f"Re: Printer {n}", sender=sender, to=ADDRESS, headers=answer_to)
        )
    return made


def _measured(name: str, server: object, mails: list[bytes], number: int, target: float) -> Figure:
    """Processor seconds of this process and of its database session: those of one core."""
    from django.db import connection

    from etabli.kernel.organisations import Organisation
    from etabli.kernel.tenancy import opening, scope
    from etabli.support.mailboxes import Mailbox, ReceivedMail
    from etabli.support.reading import read_mailbox
    from etabli.support.tests.dovecot import PASSWORD, Dovecot
    from etabli.support.tickets import Ticket

    from .figures import _ticks
    from .rig import backend

    assert isinstance(server, Dovecot)
    address = ADDRESS
    with opening():
        owner = Organisation.objects.order_by("pk")[0]
    with scope(owner.pk):
        box, _new = Mailbox.objects.get_or_create(
            organisation=owner,
            address=address,
            defaults={"name": "Bench", "imap_host": "127.0.0.1", "user": address, "acknowledges": False},
        )
        box.imap_port, box.imap_security, box.password = server.imap, "none", PASSWORD
        box.done_folder, box.since = "Done", "2020-01-01"
        box.save()
        if "answers" not in name:
            ReceivedMail.objects.filter(mailbox=box).delete()
            Ticket.objects.filter(mailbox=box).delete()
            server.add(address)
        box = Mailbox.objects.select_related("team").get(pk=box.pk)
    server.append(address, *mails)
    session, wall, cpu = backend(), time.perf_counter(), time.process_time()
    before = _ticks(session)
    read = read_mailbox(box, most=number)
    wall, cpu, server_cpu = time.perf_counter() - wall, time.process_time() - cpu, _ticks(session) - before
    connection.close()
    if read != number:
        return Figure(name, None, "/s", target, note=f"{read} of {number} mails were read: {box.problem}")
    told = (
        f"processor: {1000 * cpu / read:.1f} ms here + {1000 * server_cpu / read:.1f} ms in PostgreSQL a mail"
    )
    told += f"; {read / wall:.0f} /s by the clock; files under {home().name}"
    return Figure(name, read / (cpu + server_cpu), "/s", target, f"{number} mails", told, ">=")
