import threading

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from etabli.kernel.actors import SYSTEM
from etabli.kernel.events import Event
from etabli.kernel.preferences import Preference, form_for, get, sections, set_value
from etabli.kernel.secrets import MASK
from etabli.kernel.tenancy import scope

HOURS = "inventory.expiration_hours"


def test_the_organisation_overrides_the_installation_which_overrides_the_default(at_acme):
    acme = at_acme.acme.pk
    assert get(HOURS, acme) == 24
    set_value(HOURS, 12, organisation=None, actor=at_acme.admin)
    assert get(HOURS, acme) == 12
    set_value(HOURS, 6, organisation=acme, actor=at_acme.admin)
    assert (get(HOURS, acme), get(HOURS)) == (6, 12)
    set_value(HOURS, None, organisation=acme, actor=at_acme.admin)
    assert get(HOURS, acme) == 12


def test_a_client_administrator_cannot_change_the_installation(at_acme):
    with pytest.raises(PermissionDenied):
        set_value("mail.host", "evil.example.com", organisation=None, actor=at_acme.acme_admin)
    set_value(HOURS, 6, organisation=at_acme.acme.pk, actor=at_acme.acme_admin)
    with pytest.raises(PermissionDenied):
        set_value(HOURS, 6, organisation=at_acme.globex.pk, actor=at_acme.acme_admin)


def test_one_organisation_does_not_read_anothers_override(world):
    set_value(HOURS, 6, organisation=world.globex.pk, actor=world.admin)
    with scope(world.acme.pk):
        assert not Preference.objects.filter(organisation=world.globex.pk).exists()
        assert get(HOURS, world.acme.pk) == 24


def test_a_value_that_does_not_fit_is_refused(at_acme):
    for key, value in [(HOURS, 0), (HOURS, "many"), ("mail.security", "rot13"), ("mail.port", 70000)]:
        with pytest.raises(ValidationError):
            set_value(key, value, organisation=None, actor=SYSTEM)
    with pytest.raises(ValidationError):
        set_value("mail.host", "x", organisation=at_acme.acme.pk, actor=SYSTEM)
    with pytest.raises(KeyError):
        get("mail.hots")


def test_a_change_is_an_event_and_a_secret_is_not_in_it(world):
    set_value("mail.host", "smtp.example.com", organisation=None, actor=world.admin)
    set_value("mail.password", "pa55word", organisation=None, actor=world.admin)
    set_value("mail.host", "smtp.example.com", organisation=None, actor=world.admin)
    with scope(world.provider.pk):
        events = list(
            Event.objects.filter(verb="preference.changed").order_by("pk").values_list("changes", flat=True)
        )
    assert events == [{"mail.host": [None, "smtp.example.com"]}, {"mail.password": [None, MASK]}]
    assert "pa55word" not in str(list(Preference.objects.values_list("value", flat=True)))
    assert get("mail.password") == "pa55word"


def test_a_transaction_reads_the_settings_once_and_sees_its_own_changes(at_acme):
    get(HOURS, at_acme.acme.pk)
    with CaptureQueriesContext(connection) as queries:
        get(HOURS, at_acme.acme.pk)
        get("inventory.retention_days", at_acme.acme.pk)
    assert len(queries) == 0
    set_value(HOURS, 6, organisation=at_acme.acme.pk, actor=SYSTEM)
    assert get(HOURS, at_acme.acme.pk) == 6


def test_a_rolled_back_change_is_forgotten(at_acme):
    with transaction.atomic():
        set_value(HOURS, 6, organisation=at_acme.acme.pk, actor=SYSTEM)
        assert get(HOURS, at_acme.acme.pk) == 6
        transaction.set_rollback(True)
    assert get(HOURS, at_acme.acme.pk) == 24


def test_the_next_transaction_sees_what_another_process_wrote(committed_world):
    def elsewhere() -> None:
        set_value(HOURS, 6, organisation=None, actor=SYSTEM)
        connections.close_all()

    with transaction.atomic():
        assert get(HOURS) == 24
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    with transaction.atomic():
        assert get(HOURS) == 6


def test_a_form_shows_no_secret_and_keeps_it_when_left_empty(world):
    set_value("mail.password", "pa55word", organisation=None, actor=world.admin)
    assert "pa55word" not in form_for("mail")().as_p()
    form = form_for("mail")(
        {"mail__host": "smtp.example.com", "mail__port": "25", "mail__security": "none", "mail__password": ""}
    )
    assert form.is_valid(), form.errors
    form.save(actor=world.admin)
    assert (get("mail.host"), get("mail.port"), get("mail.password")) == ("smtp.example.com", 25, "pa55word")
    with scope(world.provider.pk):
        assert Event.objects.filter(changes__has_key="mail.user").count() == 0


def test_an_organisations_form_offers_what_it_may_override_and_empty_means_inherit(at_acme):
    form_class = form_for("inventory", organisation=at_acme.acme.pk)
    assert list(form_for("mail", organisation=at_acme.acme.pk)().fields) == ["mail__from"]
    form = form_class({"inventory__expiration_hours": "3", "inventory__retention_days": ""})
    assert form.is_valid(), form.errors
    form.save(actor=at_acme.acme_admin)
    assert get(HOURS, at_acme.acme.pk) == 3
    form = form_class({"inventory__expiration_hours": "", "inventory__retention_days": ""})
    assert form.is_valid(), form.errors
    form.save(actor=at_acme.acme_admin)
    assert not Preference.objects.exists()


def test_every_page_of_settings_has_a_title_and_a_form():
    assert {"mail", "security", "inventory", "pages", "files", "webhooks"} <= set(sections())


@pytest.mark.django_db
def test_every_form_opens():
    for page in sections():
        assert form_for(page)().as_p()
