"""Taking a change back: as it was, unless somebody worked on it since."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from etabli.assets.models import Asset
from etabli.kernel.actors import actor_of
from etabli.kernel.events import Event, publish
from etabli.kernel.screens import registry
from etabli.kernel.screens.forms import form_class, values_of
from etabli.kernel.screens.undoing import undo
from etabli.kernel.tenancy import scope
from etabli.people.models import Building, Site

pytestmark = pytest.mark.usefixtures("in_english")


@pytest.fixture
def anne(firm):
    """An administrator at work in Acme."""
    with scope(firm.acme.id):
        yield actor_of(firm.acme.administrator)


def save(actor, model, obj=None, **values):
    screen = registry[model]
    base = values_of(screen, obj) if obj else {}
    form = form_class(screen)({**base, "country": "FR", **values}, instance=obj, actor=actor)
    assert form.is_valid(), form.errors
    return screen.save(form, actor)


def last(verb=""):
    return Event.objects.filter(verb__endswith=verb).order_by("-id").first()


def test_a_creation_undone_leaves_nothing_but_its_history(anne):
    site = save(anne, Site, name="Lyons")
    key = site.pk
    undo(last("created"), anne)
    assert not Site.objects.exists()
    assert [e.verb for e in Event.objects.filter(noun="site", object_id=key).order_by("id")] == [
        "site.created",
        "site.deleted",
    ]


def test_a_change_undone_puts_each_field_back_and_nothing_else(anne):
    site = save(anne, Site, name="Lyons", phone="1", latitude=Decimal("45.75"))
    save(anne, Site, site, name="Lille", latitude="")
    event = last("changed")
    save(anne, Site, site, phone="2")
    undo(event, anne)
    site.refresh_from_db()
    assert (site.name, site.latitude, site.phone) == ("Lyons", Decimal("45.75"), "2")
    assert last("changed").extra == {"undo": event.pk}


def test_a_deletion_undone_brings_the_same_object_back(anne, maker, firm):
    building = save(anne, Building, site=save(anne, Site, name="Lyons").pk, name="A")
    key, site = building.pk, building.site_id
    registry[Building].delete(building, anne)
    assert not Building.objects.exists()
    undo(last("deleted"), anne)
    again = Building.objects.get(pk=key)
    assert (again.name, again.site_id, again.organisation_id) == ("A", site, firm.acme.id)


def test_a_field_changed_again_since_is_not_overwritten(anne):
    site = save(anne, Site, name="Lyons")
    save(anne, Site, site, name="Lille")
    event = last("changed")
    save(anne, Site, site, name="Nantes")
    with pytest.raises(ValidationError, match="changed again"):
        undo(event, anne)
    site.refresh_from_db()
    assert site.name == "Nantes"


def test_a_creation_is_not_undone_once_somebody_completed_the_object(anne):
    site = save(anne, Site, name="Lyons")
    created = last("created")
    save(anne, Site, site, access="Badge at the desk")
    with pytest.raises(ValidationError, match="changed again"):
        undo(created, anne)
    assert Site.objects.filter(pk=site.pk).exists()


def test_a_creation_is_not_undone_while_others_hold_on_to_the_object(anne):
    site = save(anne, Site, name="Lyons")
    created = last("created")
    save(anne, Building, site=site.pk, name="A")
    with pytest.raises(ValidationError, match="still used by: A"):
        undo(created, anne)


def test_undoing_an_undo_does_again(anne):
    site = save(anne, Site, name="Lyons")
    save(anne, Site, site, name="Lille")
    undo(last("changed"), anne)
    undo(last("changed"), anne)
    site.refresh_from_db()
    assert site.name == "Lille"


def test_undoing_twice_is_refused(anne):
    site = save(anne, Site, name="Lyons")
    save(anne, Site, site, name="Lille")
    event = last("changed")
    undo(event, anne)
    with pytest.raises(ValidationError):
        undo(event, anne)


def test_dates_times_numbers_and_custom_values_come_back_as_they_were(anne, firm, maker):
    asset = maker(firm.acme).new(Asset)
    Asset.objects.filter(pk=asset.pk).update(
        bought_on=date(2024, 2, 29),
        price=Decimal("12.50"),
        custom={"colour": "red"},
        seen_at=timezone.now(),
        memory_mib=8192,
    )
    asset.refresh_from_db()
    before = {f.attname: getattr(asset, f.attname) for f in Asset._meta.concrete_fields}
    registry[Asset].delete(asset, anne)
    undo(last("deleted"), anne)
    after = Asset.objects.get(pk=before["id"])
    kept = set(before) - {"created_at", "updated_at", "version", "seen_at"}
    assert {n: getattr(after, n) for n in kept} == {n: before[n] for n in kept}
    assert abs((after.seen_at - before["seen_at"]).total_seconds()) < 0.001


def test_a_moment_to_the_microsecond_does_not_count_as_changed_again(anne, firm, maker):
    """Events keep milliseconds, rows microseconds."""
    asset = maker(firm.acme).new(Asset)
    Asset.objects.filter(pk=asset.pk).update(seen_at=datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC))
    asset.refresh_from_db()
    event = publish(asset, "asset.changed", actor=anne, changes={"seen_at": [None, asset.seen_at]})
    event.refresh_from_db()
    undo(event, anne)
    asset.refresh_from_db()
    assert asset.seen_at is None


def test_undoing_needs_the_verb(anne, firm):
    site = save(anne, Site, name="Lyons")
    auditor = actor_of(firm.acme.auditor)
    with pytest.raises(PermissionDenied):
        undo(last("created"), auditor)
    save(anne, Site, site, name="Lille")
    with pytest.raises(PermissionDenied):
        undo(last("changed"), auditor)


def test_what_has_no_opposite_is_not_undone(anne, firm, maker):
    event = maker(firm.acme).new(Event, verb="site.noted", noun="site")
    with pytest.raises(ValidationError):
        undo(event, anne)
    with pytest.raises(ValidationError, match="cannot be undone"):
        undo(maker(firm.acme).new(Event, verb="thing.changed", noun="thing"), anne)
