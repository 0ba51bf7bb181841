"""Articles in stock and licences: what is too low, what is secret, who may read a key."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from etabli.assets.models import Licence, StockItem
from etabli.assets.stock import end_of
from etabli.assets.stock_screens import read_key
from etabli.kernel.actors import actor_of
from etabli.kernel.events import Event
from etabli.kernel.screens import registry
from etabli.kernel.screens.forms import form_class
from etabli.kernel.tenancy import scope

pytestmark = pytest.mark.usefixtures("in_english")
KEY = "W269N-WFGWX-YVC9B-4J6C9-T83GX"  # a key that its publisher prints in its documentation


@pytest.fixture
def anne(firm):
    with scope(firm.acme.id):
        yield actor_of(firm.acme.administrator)


def saved(model, actor, instance=None, **values):
    screen = registry[model]
    blank = form_class(screen)(None, actor=actor, instance=instance)
    base = {n: blank.get_initial_for_field(f, n) for n, f in blank.fields.items()}
    form = form_class(screen)({**base, **values}, actor=actor, instance=instance)
    assert form.is_valid(), form.errors
    return screen.save(form, actor)


def test_an_article_under_its_minimum_is_to_be_ordered_again(anne, firm, client_of):
    saved(StockItem, anne, name="Toner", family="consumable", quantity=1, minimum=3)
    saved(StockItem, anne, name="Cable", quantity=3, minimum=3)
    page = client_of(firm.acme.administrator).get("/stock-items/?stock=low").content.decode()
    assert "Toner" in page
    assert "1 of at least 3" in page
    assert "Cable" not in page


def test_an_article_is_kept_once_at_a_site(anne):
    saved(StockItem, anne, name="Câble HDMI", quantity=2)
    form = form_class(registry[StockItem])(
        {"name": "cable hdmi", "family": "accessory", "quantity": 1, "minimum": 0}, actor=anne
    )
    assert "already kept at this site" in str(form.errors)
    with pytest.raises(IntegrityError), transaction.atomic():
        StockItem.objects.create(organisation_id=next(iter(anne.places)), name="cable hdmi")


def test_a_product_key_is_seen_by_its_end_only(anne, firm, client_of):
    licence = saved(Licence, anne, name="Windows", product_key=KEY, seats=5)
    boss = client_of(firm.acme.administrator)
    for url in ("/licences/", f"/licences/{licence.pk}/", f"/licences/{licence.pk}/edit/",
                f"/licences/{licence.pk}/history/", "/licences/export/?format=csv", f"/api/v1/licences/{licence.pk}"):  # fmt: skip
        answer = boss.get(url)
        text = b"".join(answer.streaming_content if answer.streaming else [answer.content]).decode()
        assert answer.status_code == 200, url
        assert "W269N" not in text, url
    assert "•••••-T83GX" in boss.get(f"/licences/{licence.pk}/").content.decode()


def test_writing_the_same_key_again_changes_nothing_and_another_one_does(anne):
    licence = saved(Licence, anne, name="Windows", product_key=KEY)
    events = Event.objects.count()
    saved(Licence, anne, Licence.objects.get(pk=licence.pk), product_key=KEY)
    assert Event.objects.count() == events
    changed = saved(
        Licence, anne, Licence.objects.get(pk=licence.pk), product_key=KEY.replace("T83GX", "AAAAA")
    )
    assert changed.shown_key == "•••••-AAAAA"
    assert set(Event.objects.latest("id").changes) == {"product_key", "key_end"}


def test_a_form_left_empty_keeps_the_key(anne):
    licence = saved(Licence, anne, name="Windows", product_key=KEY)
    kept = saved(Licence, anne, Licence.objects.get(pk=licence.pk), seats=9, product_key="")
    assert (kept.seats, kept.product_key.unseal(), kept.key_end) == (9, KEY, "T83GX")


def test_a_short_key_shows_nothing_of_itself():
    assert [end_of("ABCD-1234"), end_of("ABCDE-12345-FGH")] == ["", "5-FGH"]


def test_reading_a_key_says_who_and_why(anne, firm, client_of):
    licence = saved(Licence, anne, name="Windows", product_key=KEY)
    answer = client_of(firm.acme.administrator).post(
        f"/licences/{licence.pk}/act/read-key/", {"reason": "reinstalling PC-7"}
    )
    assert (answer.content.decode(), answer.headers["Cache-Control"]) == (KEY, "no-store")
    event = Event.objects.get(verb="licence.key_read")
    assert (event.actor, event.extra["reason"]) == (anne.label, "reinstalling PC-7")


def test_a_technician_does_not_read_keys(anne, firm, client_of):
    licence = saved(Licence, anne, name="Windows", product_key=KEY)
    with pytest.raises(PermissionDenied):
        read_key(licence, actor=actor_of(firm.acme.technician), reason="curious")
    page = client_of(firm.acme.technician).get(f"/licences/{licence.pk}/")
    assert page.status_code == 200
    assert "read-key" not in page.content.decode()
    assert not Event.objects.filter(verb="licence.key_read").exists()


def test_the_expiry_of_a_licence_is_told_in_its_list(anne, firm, client_of):
    today = timezone.localdate()
    saved(Licence, anne, name="Gone", expires_on=today - timedelta(days=1))
    saved(Licence, anne, name="Soon", expires_on=today + timedelta(days=30))
    page = client_of(firm.acme.administrator).get("/licences/").content.decode()
    assert page.count("c-bad") == page.count("c-warn") == 1


def test_a_licence_has_a_seat_at_least(anne):
    with pytest.raises(IntegrityError), transaction.atomic():
        Licence.objects.create(organisation_id=next(iter(anne.places)), name="None", seats=0)
