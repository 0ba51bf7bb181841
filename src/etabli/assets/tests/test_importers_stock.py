"""The licences and the stock of Snipe-IT, from its files and from its API."""

import json
from datetime import date

import pytest

from etabli.assets.models import Licence, StockItem
from etabli.kernel.actors import actor_of
from etabli.kernel.events import Event
from etabli.kernel.externalids import told_of
from etabli.kernel.tenancy import scope

from .bringing import again_changes_nothing, brought, sample

pytestmark = pytest.mark.usefixtures("in_english")


@pytest.fixture
def anne(firm):
    with scope(firm.acme.id):
        yield actor_of(firm.acme.administrator)


def test_a_licence_of_snipe_it_keeps_its_key_encrypted_and_shows_its_end(anne):
    made = brought(anne, sample("licenses-sample.csv"))
    licence = Licence.objects.get(name="Acetaminophen, Chlorpheniramine maleate, Phenylephrine HCl")
    assert licence.product_key.unseal() == "4c2713a1-5b73-4ecb-b2e9-62bf0ff57165"
    assert licence.shown_key == "•••••-57165"
    assert (str(licence.manufacturer), licence.seats, licence.reassignable, licence.maintained) == (
        "Mayer-Bergnaum", 56, True, False,
    )  # fmt: skip
    assert (licence.licensed_to, licence.licensed_email) == ("Jelene Goodsell", "jgoodsell0@diigo.com")
    assert (licence.bought_on, licence.expires_on, str(licence.price)) == (
        date(2008, 11, 24), date(2016, 2, 26), "12.58",
    )  # fmt: skip
    assert (licence.order_number, licence.purchase_order, licence.supplier) == (
        "749317252-8", "34197", "Treutel Inc",
    )  # fmt: skip
    assert Licence.objects.filter(reassignable=None).count() == 8, (
        "“sometimes” and nothing are neither yes nor no"
    )
    assert "4c2713a1" not in json.dumps([made.parts, made.preview, made.findings], default=str)
    assert not Event.objects.filter(changes__icontains="4c2713a1").exists()


def test_the_same_name_with_another_key_is_another_licence(anne):
    head = b"Item name;serial number;seats;reassignable\n"
    content = head + b"Office;AAAAA-11111-BBBBB;5;yes\nOffice;CCCCC-22222-DDDDD;3;no\n"
    assert brought(anne, content).counts["create"] == 2
    again_changes_nothing(anne, content)
    assert brought(anne, content.replace(b"DDDDD;3", b"DDDDD;4")).counts["update"] == 1
    assert sorted(Licence.objects.values_list("seats", flat=True)) == [4, 5]


def test_articles_of_the_same_name_in_two_families_are_two(anne):
    for name in ("accessories-sample.csv", "consumables-sample.csv", "components-sample.csv"):
        brought(anne, sample(name))
    found = StockItem.objects.filter(name="Dragline").order_by("family")
    assert [(one.family, one.quantity, one.minimum, str(one.site)) for one in found] == [
        ("accessory", 61, 59, "Artashat"), ("consumable", 50, 100, "Cherven Bryag"),
    ]  # fmt: skip
    assert found[1].low
    assert (found[1].item_number, found[1].model_number) == ("6381392801995066", "3533069599460644")
    card = StockItem.objects.get(family="component")
    assert (card.name, card.serial, card.quantity, str(card.price), card.bought_on) == (
        "RTX 4080", "123456789", 10, "5000.00", date(2024, 1, 1),
    )  # fmt: skip


# In the shape of the answers of the API: nested objects, dates and money as they are shown, names as HTML.
DAY = '{"date": "2024-03-01", "formatted": "01/03/2024"}'
ACCESSORIES = f"""{{"total": 1, "rows": [{{"id": 7, "name": "Souris", "company": null, "manufacturer":
  {{"id": 1, "name": "Logitech"}}, "supplier": {{"id": 2, "name": "LDLC"}}, "model_number": "M185", "category":
  {{"id": 3, "name": "Souris"}}, "location": {{"id": 4, "name": "Lyon &gt; R&eacute;serve"}}, "notes": null,
  "qty": 12, "purchase_date": {DAY}, "purchase_cost": "9,90", "order_number": "BC-1", "min_qty": 3,
  "remaining_qty": 9, "checkouts_count": 3}}]}}"""
CONSUMABLES = ACCESSORIES.replace('"min_qty": 3', '"min_amt": 3, "item_no": "A-1"').replace(
    "remaining_qty", "remaining"
)
COMPONENTS = CONSUMABLES.replace('"item_no": "A-1"', '"serial": "SN7"')
LICENCES = f"""{{"total": 1, "rows": [{{"id": 7, "name": "Office", "manufacturer": {{"id": 1, "name": "Microsoft"}},
  "product_key": "------------", "order_number": "BC-1", "purchase_order": "PO-1", "purchase_date": {DAY},
  "purchase_cost": "250,00", "notes": null, "expiration_date": {DAY}, "seats": 25, "free_seats_count": 4,
  "license_name": "Client", "license_email": "it@example.com", "reassignable": true, "maintained": false,
  "supplier": {{"id": 2, "name": "LDLC"}}, "category": {{"id": 3, "name": "Bureautique"}}}}]}}"""


@pytest.mark.parametrize(
    ("content", "family"),
    [(ACCESSORIES, "accessory"), (CONSUMABLES, "consumable"), (COMPONENTS, "component")],
)
def test_a_stock_read_from_the_api_of_snipe_it(anne, content, family):
    brought(anne, content.encode())
    item = StockItem.objects.get()
    assert (item.family, item.quantity, item.minimum, str(item.price), item.bought_on) == (
        family, 12, 3, "9.90", date(2024, 3, 1),
    )  # fmt: skip
    assert (str(item.manufacturer), item.supplier, item.model_number) == ("Logitech", "LDLC", "M185")
    assert (str(item.site), str(item.room)) == ("Lyon", "Réserve")
    assert [one.external for one in told_of(item)] == [f"{family}:7"], "each family counts on its own there"
    again_changes_nothing(anne, content.encode())


def test_a_licence_read_from_the_api_of_snipe_it_whose_key_may_not_be_seen(anne):
    brought(anne, LICENCES.encode())
    licence = Licence.objects.get()
    assert (licence.name, licence.seats, licence.reassignable, licence.maintained, licence.shown_key) == (
        "Office", 25, True, False, "",
    )  # fmt: skip
    assert (str(licence.price), licence.expires_on, licence.licensed_to) == (
        "250.00",
        date(2024, 3, 1),
        "Client",
    )
    assert [one.external for one in told_of(licence)] == ["7"]
    again_changes_nothing(anne, LICENCES.encode())
