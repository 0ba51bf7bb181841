"""Every mail of the corpus through the real intake: each has one fate, kept with its reasons; none raises."""

import logging
from collections import Counter
from typing import Any

import pytest
from django.utils import timezone

from etabli.kernel.tenancy import scope
from etabli.support.imap import Arrived
from etabli.support.intake import sort, told_on
from etabli.support.mail.sorting import AUTO_REPLY, BOUNCE, LOOP
from etabli.support.mail.tests.corpus import every_mail
from etabli.support.mailboxes import Mailbox, ReceivedMail
from etabli.support.messages import Message
from etabli.support.storing import desk_of, store
from etabli.support.tickets import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
SILENT = {LOOP, BOUNCE, AUTO_REPLY}


@pytest.fixture
def intake(firm: Any) -> Any:
    box = {
        "name": "Support",
        "address": "support@etabli.example",
        "imap_host": "localhost",
        "user": "support",
    }
    with scope(firm.provider.id, firm.acme.id, firm.globex.id):
        mailbox = Mailbox.objects.create(organisation=firm.provider.organisation, **box)
        desk = desk_of(mailbox)

        def take(number: int, raw: bytes) -> ReceivedMail:
            arrived = Arrived(1, number, raw, len(raw), timezone.now())
            return sort(store(desk, arrived), desk, raw=raw)

        yield take


def test_every_mail_of_the_corpus_has_one_fate(intake: Any, caplog: pytest.LogCaptureFixture) -> None:
    files = every_mail()
    with caplog.at_level(logging.ERROR, logger="etabli.support"):
        for number, path in enumerate(files, 1):
            received = intake(number, path.read_bytes())
            assert received.fate != ReceivedMail.Fate.STORED, path.name
            assert told_on(received), path.name
    assert caplog.records == [], "nothing had to be rescued"
    rows = list(ReceivedMail.objects.all())
    assert len(rows) == len({path.read_bytes() for path in files})
    fates = Counter(row.fate for row in rows)
    assert fates["opened"] == Ticket.objects.count()
    assert fates["opened"] + fates["added"] == Message.objects.count()
    assert fates["opened"] > len(rows) / 3
    assert {row.fate for row in rows if row.kind in SILENT} <= {"ignored", "added"}
    assert all(ticket.opened_at.year > 1971 for ticket in Ticket.objects.all())


def test_the_corpus_again_changes_nothing(intake: Any) -> None:
    raws = [path.read_bytes() for path in every_mail()]
    counts = []
    for turn in (0, 1000):
        for number, raw in enumerate(raws, 1):
            intake(turn + number, raw)
        counts.append([model.objects.count() for model in (ReceivedMail, Ticket, Message)])
    assert counts[0] == counts[1]
