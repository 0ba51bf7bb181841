"""From a real mail server to tickets, and everything a mail server may do in between."""

import contextlib
import os
import socket
import subprocess
import threading
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from etabli.kernel import preferences
from etabli.kernel.actors import SYSTEM
from etabli.kernel.files import open_file
from etabli.kernel.sentences import Sentence
from etabli.kernel.tenancy import scope
from etabli.people.models import Person
from etabli.support.intake import told_on
from etabli.support.mailboxes import Mailbox, ReceivedMail
from etabli.support.messages import Message, MessageFile
from etabli.support.reading import read_mailbox
from etabli.support.tickets import Ticket

from .dovecot import Dovecot, mail, refusal

pytestmark = [
    pytest.mark.component("dovecot"),
    pytest.mark.skipif(bool(refusal()), reason=refusal() or "-"),
    pytest.mark.django_db,
    pytest.mark.usefixtures("in_english"),
]


@pytest.fixture
def desk(firm: Any) -> Any:
    """Everything the provider serves, in scope."""
    with scope(firm.provider.id, firm.acme.id, firm.globex.id):
        Person.objects.create(
            organisation=firm.acme.organisation, name="Claire Moreau", email="Claire@acme.example"
        )
        yield firm


def test_a_mail_becomes_a_ticket_of_whoever_writes(
    desk: Any, mailserver: Dovecot, mailbox_at: Callable[..., Mailbox]
) -> None:
    box = mailbox_at(desk.provider.id)
    mailserver.deliver(box.address, mail())
    assert read_mailbox(box) == 1
    ticket = Ticket.objects.get()
    assert (ticket.title, str(ticket.requester), ticket.organisation_id) == (
        "No network", "Claire Moreau", desk.acme.id,
    )  # fmt: skip
    assert (ticket.channel, ticket.mailbox_id) == ("mail", box.pk)
    assert Message.objects.get().visible == "Nothing works since this morning."
    received = ReceivedMail.objects.get()
    assert (received.fate, received.moved, received.ticket_id) == ("opened", True, ticket.pk)
    assert (mailserver.count(box.address), mailserver.count(box.address, "Done")) == (0, 1)
    box.refresh_from_db()
    assert (box.problem, box.failing_since) == ("", None)
    assert box.read_at is not None
    assert timezone.now() - box.read_at < timedelta(minutes=1)
    assert read_mailbox(box) == 0


def read_of(box: Mailbox) -> Mailbox:
    """Read once; the mailbox with what its health says."""
    read_mailbox(box)
    return Mailbox.objects.select_related("team").get(pk=box.pk)


def change(box: Mailbox, **values: Any) -> Mailbox:
    for name, value in values.items():
        setattr(box, name, value)
    box.save()
    return Mailbox.objects.select_related("team").get(pk=box.pk)


@pytest.fixture
def trusted(mailserver: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate of the mail server is trusted, as one of a known authority would be."""
    monkeypatch.setenv("SSL_CERT_FILE", str(mailserver.here / "cert.pem"))


@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
def test_each_encryption_works(
    security: str, trusted: None, desk: Any, mailserver: Dovecot, mailbox_at: Callable[..., Mailbox]
) -> None:
    port = mailserver.imaps if security == "tls" else mailserver.imap
    box = mailbox_at(desk.provider.id, imap_security=security, imap_port=port)
    mailserver.deliver(box.address, mail())
    assert read_of(box).problem == ""
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"password": "wrong"}, "localhost refuses the login of"),
        ({"imap_host": "nowhere.invalid"}, "The name nowhere.invalid was not found"),
        ({"imap_port": 1}, "localhost refuses connections on port 1"),
        ({"imap_security": "tls"}, "localhost does not speak TLS on port"),
        ({"folder": "Nowhere"}, "There is no folder “Nowhere” in this mailbox. There are: "),
        ({"done_folder": "a//b"}, "The folder “a//b” is absent and could not be made"),
        ({"imap_security": "starttls"}, "The certificate of localhost is not valid for it"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    values: dict[str, Any], told: str, desk: Any, mailbox_at: Callable[..., Mailbox]
) -> None:
    box = read_of(mailbox_at(desk.provider.id, **values))
    assert told in str(Sentence(box.problem))
    assert box.failing_since is not None
    first = box.failing_since
    assert read_of(box).failing_since == first


class Strange:
    """A server that behaves badly on purpose; what each connection gets is a list of lines to say."""

    def __init__(self, *, greeting: bytes = b"", silent: bool = False) -> None:
        self.greeting, self.silent = greeting, silent
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])
        self.kept: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self.socket.accept()
                self.kept.append(client)
                if self.greeting:
                    client.sendall(self.greeting)
                if not self.silent:
                    client.close()

    def close(self) -> None:
        for one in (self.socket, *self.kept):
            one.close()


@pytest.mark.parametrize(
    ("strange", "told"),
    [
        ({"silent": True}, "localhost did not answer on port"),
        ({"silent": False}, "localhost hung up"),
        ({"greeting": b"* OK ready\r\n", "silent": True}, "localhost did not answer on port"),
        ({"greeting": b"* OK ready\r\n"}, "localhost hung up"),
        ({"greeting": b"* BYE overloaded\r\n"}, "overloaded"),
        ({"greeting": b"HTTP/1.1 400 Bad Request\r\n"}, "localhost"),
    ],
)
def test_a_server_that_is_silent_hangs_up_or_is_another_one(
    strange: dict[str, Any],
    told: str,
    desk: Any,
    mailbox_at: Callable[..., Mailbox],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("etabli.support.imap.TIMEOUT", 0.5)
    server = Strange(**strange)
    try:
        box = read_of(mailbox_at(desk.provider.id, imap_port=server.port))
    finally:
        server.close()
    assert told in str(Sentence(box.problem))


def test_what_is_read_may_stay_marked_as_read(
    desk: Any, mailserver: Dovecot, mailbox_at: Callable[..., Mailbox]
) -> None:
    box = mailbox_at(desk.provider.id, done_folder="")
    mailserver.deliver(box.address, mail(1), mail(2, subject="Other"))
    assert read_mailbox(box) == 2
    with mailserver.box(box.address) as seen:
        assert (len(seen.uids("SEEN")), len(seen.uids("ALL"))) == (2, 2)
    mailserver.deliver(box.address, mail(3, subject="Third"))
    assert read_mailbox(box) == 1
    # Somebody opened it before us: it is read all the same.
    mailserver.deliver(box.address, mail(4, subject="Fourth"))
    with mailserver.box(box.address) as seen:
        seen.client.uid("STORE", "1:*", "+FLAGS", "(\\Seen)")
    assert read_mailbox(box) == 1
    assert Ticket.objects.count() == 4


def test_what_arrived_before_the_mailbox_was_set_up_stays(
    desk: Any, mailserver: Dovecot, mailbox_at: Callable[..., Mailbox]
) -> None:
    box = mailbox_at(desk.provider.id, since=timezone.localdate())
    with mailserver.box(box.address) as seen:
        seen.append(mail(1), "INBOX", timezone.now() - timedelta(days=40))
    mailserver.deliver(box.address, mail(2, subject="New"))
    assert read_mailbox(box) == 1
    assert Ticket.objects.get().title == "New"
    assert mailserver.count(box.address) == 1


@pytest.mark.parametrize("done_folder", ["Done", ""])
def test_a_folder_that_is_renumbered_doubles_nothing(
    done_folder: str, desk: Any, mailserver: Dovecot, mailbox_at: Callable[..., Mailbox]
) -> None:
    box = mailbox_at(desk.provider.id, done_folder=done_folder)
    mailserver.deliver(box.address, mail(1), mail(2, subject="Other"))
    assert read_mailbox(box) == 2
    first = ReceivedMail.objects.order_by("pk")[0]
    # As after a restoration: the same mails in a folder made again, which has another UIDVALIDITY.
    with mailserver.box(box.address) as seen:
        if not done_folder:
            seen.client.uid("STORE", "1:*", "+FLAGS", "(\\Deleted)")
            seen.client.expunge()
        seen.folder.create("Restored")
        for number, subject in ((1, "No network"), (2, "Other"), (3, "Third")):
            seen.append(_delivered(box, number, subject), "Restored")
    box = change(box, folder="Restored")
    read_mailbox(box)
    assert Ticket.objects.count() == 3
    assert ReceivedMail.objects.get(pk=first.pk).uid_validity != first.uid_validity


def _delivered(box: Mailbox, number: int, subject: str) -> bytes:
    """The bytes that the server gave, those of a mail it has not given yet otherwise."""
    known = ReceivedMail.objects.filter(subject=subject).first()
    if known is None:
        return mail(number, subject=subject)
    with open_file(known.file) as content:
        return content.read()


def test_a_server_that_gives_a_known_number_to_another_mail_loses_nothing(
    desk: Any, mailserver: Dovecot, mailbox_at: Callable[..., Mailbox]
) -> None:
    box = mailbox_at(desk.provider.id)
    mailserver.deliver(box.address, mail(1))
    assert read_mailbox(box) == 1
    mailserver.deliver(box.address, mail(2, subject="Under the same number"))
    with mailserver.box(box.address) as seen:
        uid = int(seen.uids()[0])
    ReceivedMail.objects.update(uid=uid, moved=False)  # what a server that lies makes us believe
    assert read_mailbox(box) == 1
    assert {ticket.title for ticket in Ticket.objects.all()} == {"No network", "Under the same number"}


def test_a_mail_larger_than_what_is_accepted_is_its_headers(
    desk: Any, mailserver: Dovecot, mailbox_at: Callable[..., Mailbox]
) -> None:
    preferences.set_value("files.max_mb", 1, organisation=desk.provider.id, actor=SYSTEM)
    box = mailbox_at(desk.provider.id)
    mailserver.deliver(box.address, mail(1, text="line of text\n" * 200_000), mail(2, subject="Small"))
    assert read_mailbox(box) == 2
    assert sorted(ticket.title for ticket in Ticket.objects.all()) == ["No network", "Small"]
    large = ReceivedMail.objects.get(subject="No network")
    assert large.file.size < 1000
    assert "only its headers were kept" in " ".join(told_on(large))
    assert mailserver.count(box.address, "Done") == 2


def test_a_mail_of_twenty_five_megabytes_comes_whole(
    desk: Any, mailserver: Dovecot, mailbox_at: Callable[..., Mailbox]
) -> None:
    made = EmailMessage()
    made["From"], made["Subject"], made["Message-ID"] = "claire@acme.example", "Plan", "<plan@acme.example>"
    made.set_content("Here it is.")
    content = os.urandom(25 * 1024**2)
    made.add_attachment(content, maintype="application", subtype="octet-stream", filename="plan.bin")
    box = mailbox_at(desk.provider.id)
    mailserver.append(box.address, made.as_bytes(policy=SMTP))
    assert read_mailbox(box) == 1
    with open_file(MessageFile.objects.get().file) as kept:
        assert kept.read() == content


def test_a_full_disk_loses_nothing_and_is_said(
    desk: Any, mailserver: Dovecot, mailbox_at: Callable[..., Mailbox], settings: Any, tmp_path: Path
) -> None:
    """A real file system of some kilobytes, as small as this mail needs to be too large for it."""
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(place)], check=False)
    if made.returncode:
        pytest.skip("a file system of some kilobytes cannot be mounted here")
    storage = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(place)}}
    box = mailbox_at(desk.provider.id)
    mailserver.deliver(box.address, mail(1, text="x" * 60 + "\n" + "line of text\n" * 4000))
    try:
        settings.STORAGES = {**settings.STORAGES, "default": storage}
        box = read_of(box)
        assert "could not be kept on this server: No space left on device" in str(Sentence(box.problem))
        assert (Ticket.objects.count(), mailserver.count(box.address)) == (0, 1)
        subprocess.run(["mount", "-o", "remount,size=4m", str(place)], check=True)
        assert read_of(box).problem == ""
        assert (Ticket.objects.count(), mailserver.count(box.address)) == (1, 0)
    finally:
        subprocess.run(["umount", str(place)], check=False)


# -- tokens in place of a password --------------------------------------------------------------------------


@pytest.fixture
def with_tokens(trusted: None, desk: Any, mailserver: Dovecot, mailbox_at: Callable[..., Mailbox]) -> Any:
    """A mailbox opened by tokens, and the authority that gives them."""
    preferences.set_value("webhooks.allow_private", True, organisation=None, actor=SYSTEM)
    tokens = mailserver.tokens
    tokens.good.clear()
    tokens.refresh, tokens.rotates, tokens.asked = "refresh-1", False, 0
    url = tokens.over_tls(mailserver.here)
    more = {"token_url": url, "client_id": "etabli", "client_secret": "s3cret", "refresh_token": "refresh-1"}
    box = mailbox_at(desk.provider.id, login="xoauth2", **more)
    tokens.user = box.address
    mailserver.deliver(box.address, mail())
    return box, tokens


def test_a_token_opens_the_mailbox_and_is_kept_until_it_expires(with_tokens: Any) -> None:
    box, tokens = with_tokens
    box = read_of(box)
    assert (box.problem, Ticket.objects.count(), tokens.asked) == ("", 1, 1)
    assert timedelta(minutes=58) < box.token_expires_at - timezone.now() < timedelta(minutes=61)
    read_of(box)
    assert tokens.asked == 1
    box = change(box, token_expires_at=timezone.now() + timedelta(seconds=30))
    assert read_of(box).problem == ""
    assert tokens.asked == 2


def test_a_token_withdrawn_before_its_time_is_renewed(with_tokens: Any) -> None:
    box, tokens = with_tokens
    box = read_of(box)
    tokens.good.clear()
    assert read_of(box).problem == ""
    assert tokens.asked == 2


def test_a_refresh_token_good_only_once_is_replaced(with_tokens: Any) -> None:
    box, tokens = with_tokens
    tokens.rotates = True
    box = read_of(box)
    assert box.refresh_token.unseal() == tokens.refresh != "refresh-1"
    tokens.good.clear()
    assert read_of(box).problem == ""


def test_an_access_that_was_withdrawn_is_said_with_what_to_do(with_tokens: Any) -> None:
    box, tokens = with_tokens
    tokens.refresh = "another"
    told = str(Sentence(read_of(box).problem))
    assert "The grant is expired or revoked." in told
    assert "enter the new refresh token" in told
    box = change(box, token_url="http://localhost/token")
    assert "must begin with https://" in str(Sentence(read_of(box).problem))
