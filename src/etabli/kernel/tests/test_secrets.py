import stat

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.forms.models import modelform_factory

from etabli.kernel import jobs, preferences, secrets
from etabli.kernel.actors import SYSTEM
from etabli.kernel.events import Event, difference, snapshot
from etabli.kernel.secrets import MASK, EncryptedTextField, KeyMissing, Secret, keep, reveal, seal
from etabli.kernel.tenancy import scope
from etabli.kernel.webhooks import Webhook


def raw(secret: Secret) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ciphertext FROM kernel_secret WHERE id=%s", [secret.pk])
        return bytes(cursor.fetchone()[0])


def test_a_secret_is_not_readable_in_the_database_and_comes_back_with_its_reason(at_acme):
    secret = keep("switch", "S3cr3t-é", organisation=at_acme.acme.pk, actor=at_acme.admin)
    assert b"S3cr3t" not in raw(secret)
    assert reveal(Secret.objects.get(pk=secret.pk), actor=at_acme.admin, reason="replacing it") == "S3cr3t-é"
    event = Event.objects.get(verb="secret.read")
    assert (event.actor, event.extra) == ("Boss", {"reason": "replacing it"})
    assert Secret.objects.get(pk=secret.pk).last_read_at is not None


def test_no_event_holds_the_plain_text(at_acme):
    keep("switch", "hunter2-old", organisation=at_acme.acme.pk, actor=at_acme.admin)
    secret = keep("switch", "hunter2-new", organisation=at_acme.acme.pk, actor=at_acme.admin)
    reveal(secret, actor=at_acme.admin, reason="look")
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(e::text, ' ') FROM kernel_event e")
        assert "hunter2" not in cursor.fetchone()[0]


def test_a_snapshot_shows_that_a_secret_changed_and_not_what_it_was(at_acme):
    secret = keep("switch", "one", organisation=at_acme.acme.pk, actor=at_acme.admin)
    before = snapshot(secret)
    secret.ciphertext = "two"
    assert difference(before, snapshot(secret))["ciphertext"] == [MASK, MASK]
    assert str(secret.ciphertext) == f"{secret.ciphertext}" == MASK


def test_reading_needs_the_verb_in_the_organisation_and_a_reason(at_acme):
    secret = keep("switch", "x", organisation=at_acme.acme.pk, actor=at_acme.admin)
    with pytest.raises(ValidationError):
        reveal(secret, actor=at_acme.admin, reason="  ")
    with scope(at_acme.globex.pk):
        foreign = keep("switch", "y", organisation=at_acme.globex.pk, actor=at_acme.admin)
        with pytest.raises(PermissionDenied):
            reveal(foreign, actor=at_acme.acme_admin, reason="curious")


def test_the_key_file_is_private_and_outside_the_database(at_acme, settings):
    keep("switch", "x", organisation=at_acme.acme.pk, actor=SYSTEM)
    assert stat.S_IMODE((settings.HOME / "secret.keys").stat().st_mode) == 0o600


def test_a_lost_key_file_says_what_to_do(at_acme, settings):
    secret = keep("switch", "x", organisation=at_acme.acme.pk, actor=SYSTEM)
    (settings.HOME / "secret.keys").unlink()
    with pytest.raises(KeyMissing, match=r"secret\.keys"):
        reveal(secret, actor=at_acme.admin, reason="look")
    seal("another one makes a new key file")
    with pytest.raises(KeyMissing, match=r"secret\.keys"):
        reveal(secret, actor=at_acme.admin, reason="look")


def test_rotation_encrypts_everything_again_with_a_new_first_key(at_acme, settings):
    secret = keep("switch", "x", organisation=at_acme.acme.pk, actor=SYSTEM)
    preferences.set_value("mail.password", "m4il", organisation=None, actor=SYSTEM)
    hook = Webhook.objects.create(url="https://example.com", verbs=["*"], secret="h00k")
    before = raw(secret)
    secrets.rotate(actor=at_acme.admin)
    jobs.run_waiting()
    assert raw(secret) != before
    keys = settings.HOME / "secret.keys"
    first, *former = keys.read_text().split()
    assert len(former) == 1
    keys.write_text(first)  # The new key alone now opens everything.
    secrets._load.cache_clear()
    secret.refresh_from_db()
    assert secret.key_id == secrets.key_ids()[0]
    assert reveal(secret, actor=at_acme.admin, reason="check") == "x"
    assert preferences.get("mail.password") == "m4il"
    assert Webhook.objects.get(pk=hook.pk).secret.unseal() == "h00k"


def test_only_the_installation_rotates_keys(at_acme):
    with pytest.raises(PermissionDenied):
        secrets.rotate(actor=at_acme.acme_admin)


def test_a_form_left_empty_keeps_the_value_and_never_shows_it(at_acme):
    hook = Webhook.objects.create(url="https://example.com/a", verbs=["*"], secret="h00k")
    form_class = modelform_factory(Webhook, fields=["url", "secret"])
    shown = form_class(instance=hook).as_p()
    assert "h00k" not in shown
    assert MASK not in shown
    for sent in ("", MASK):
        form = form_class(
            {"url": "https://example.com/b", "secret": sent}, instance=Webhook.objects.get(pk=hook.pk)
        )
        assert form.is_valid(), form.errors
        form.save()
        assert Webhook.objects.get(pk=hook.pk).secret.unseal() == "h00k"
    form = form_class(
        {"url": "https://example.com/b", "secret": " new "}, instance=Webhook.objects.get(pk=hook.pk)
    )
    form.save()
    assert Webhook.objects.get(pk=hook.pk).secret.unseal() == " new "


def test_a_required_secret_cannot_be_missing_on_a_new_object(at_acme):
    form = modelform_factory(Webhook, fields=["url", "secret"])({"url": "https://example.com"})
    assert not form.is_valid()
    assert "secret" in form.errors


def test_the_history_cannot_put_a_masked_secret_back():
    with pytest.raises(ValidationError):
        EncryptedTextField("value").to_python(MASK)
