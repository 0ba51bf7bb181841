"""The shell's own pages: palette, search, client switcher, theme, settings, tokens."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from etabli.assets.models import AssetKind
from etabli.kernel import preferences
from etabli.kernel.accounts import Account
from etabli.kernel.calendars import Calendar
from etabli.kernel.organisations import Role
from etabli.kernel.tenancy import opening, scope
from etabli.people.models import Site


@pytest.fixture
def browser(client_of, firm):
    return client_of(firm.provider.administrator)


def add_site(browser, organisation, name):
    answer = browser.post("/sites/add/", {"organisation": organisation, "name": name, "country": "FR"})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    browser.get("/aide/")  # shows the message that tells it, so that later pages do not


def test_a_stranger_is_led_to_the_login_page(client, firm):
    assert client.get("/").headers["Location"] == "/compte/login/"


def test_the_palette_finds_a_new_object_at_once_and_acts(browser, firm):
    add_site(browser, firm.acme.id, "Clinique des Tilleuls")
    found = browser.get("/palette/?q=tilleuls").content.decode()
    assert "Clinique des Tilleuls" in found
    assert "/sites/add/" in browser.get("/palette/?q=add: site").content.decode()


def test_the_palette_shows_nothing_of_another_organisation(browser, client_of, firm):
    add_site(browser, firm.acme.id, "Clinique des Tilleuls")
    assert "Tilleuls" not in client_of(firm.globex.administrator).get("/palette/?q=tilleuls").content.decode()


def test_searching_ignores_accents_and_case(browser, firm):
    add_site(browser, firm.acme.id, "Élan Nord")
    assert "Élan Nord" in browser.get("/recherche/?q=ELAN nord").content.decode()
    assert "Élan Nord" not in browser.get("/recherche/?q=sud").content.decode()


def test_choosing_a_client_narrows_every_list_until_all_are_chosen_again(browser, firm):
    add_site(browser, firm.acme.id, "Site d’Acme")
    add_site(browser, firm.globex.id, "Site de Globex")
    browser.get(f"/organisation/{firm.acme.id}/")
    page = browser.get("/sites/").content.decode()
    assert "Site d’Acme" in page
    assert "Site de Globex" not in page
    browser.get("/organisation/0/")
    assert "Site de Globex" in browser.get("/sites/").content.decode()


def test_a_client_that_is_not_ours_cannot_be_chosen(client_of, firm):
    assert client_of(firm.acme.administrator).get(f"/organisation/{firm.globex.id}/").status_code == 404


def test_the_switcher_never_leads_outside(browser, firm):
    answer = browser.get(f"/organisation/{firm.acme.id}/?next=https://evil.example/")
    assert answer.headers["Location"] == "/"


def test_the_theme_is_remembered_in_the_account_and_in_a_cookie(browser, firm):
    answer = browser.post("/theme/", {"theme": "dark"})
    assert answer.cookies["theme"].value == "dark"
    assert Account.objects.get(pk=firm.provider.administrator.pk).theme == "dark"
    assert 'data-theme="dark"' in browser.get("/").content.decode()
    assert browser.post("/theme/", {"theme": "pink"}).status_code == 405


def test_an_organisation_overrides_a_setting_and_a_client_s_administrator_cannot_change_the_installation(
    client_of, firm
):
    admin = client_of(firm.acme.administrator)
    page = admin.get(f"/reglages/inventory/{firm.acme.id}/").content.decode()
    names = [n for n in re.findall(r'name="([^"]+)"', page) if "expiration_hours" in n]
    answer = admin.post(f"/reglages/inventory/{firm.acme.id}/", {names[0]: "6"})
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    assert preferences.get("inventory.expiration_hours", firm.acme.id) == 6
    assert preferences.get("inventory.expiration_hours", firm.globex.id) == 24
    assert admin.get("/reglages/inventory/").status_code == 403
    assert admin.get(f"/reglages/inventory/{firm.globex.id}/").status_code == 403


def test_a_token_is_shown_once_and_opens_the_api_within_its_scopes(client_of, client, firm):
    with scope(firm.acme.id):
        Site.objects.create(name="Siège")
    admin = client_of(firm.acme.administrator)
    page = admin.post(
        "/api-tokens/new/", {"name": "script", "organisation": firm.acme.id, "scopes": "site.view"}
    ).content.decode()
    token = re.search(r"etb_\w{8}_[\w-]+", page)
    assert token, page[:3000]
    headers = {"Authorization": f"Bearer {token[0]}"}
    assert client.get("/api/v1/sites", headers=headers).json()["count"] == 1
    assert client.get("/api/v1/assets", headers=headers).status_code == 403
    assert client.post(
        "/api/v1/sites", b"{}", content_type="application/json", headers=headers
    ).status_code in {403, 422}
    assert token[0] not in admin.get("/api-tokens/").content.decode()


def test_undo_from_the_message_puts_a_value_back(browser, firm):
    add_site(browser, firm.acme.id, "Ancien nom")
    with scope(firm.acme.id):
        site = Site.objects.get(name="Ancien nom")
    page = browser.post(
        f"/sites/{site.pk}/edit/", {"name": "Nouveau nom", "country": "FR", "version": "1"}, follow=True
    )
    undo = re.search(r"/evenements/\d+/undo/", page.content.decode())
    assert undo
    browser.post(undo[0])
    with scope(firm.acme.id):
        site.refresh_from_db()
    assert site.name == "Ancien nom"


def test_every_page_of_the_shell_opens(browser):
    pages = [
        "/",
        "/recherche/",
        "/mon-compte/",
        "/mon-compte/notifications/",
        "/notifications/",
        "/aide/",
        "/style/",
        "/api/",
        "/reglages/",
        "/accessibilite/",
    ]
    assert {p: browser.get(p).status_code for p in pages} == dict.fromkeys(pages, 200)


def test_the_server_says_that_it_lives(client, db):
    assert client.get("/sante/").content == b"ok"


def test_what_every_organisation_shares_has_a_page(browser, firm):
    """Shipped roles and kinds belong to no organisation: nothing hangs on them, and their pages open."""
    with opening():
        role = Role.objects.get(organisation=None, key="technician")
        kind = AssetKind.objects.get(organisation=None, key="laptop")
    pages = [f"/roles/{role.pk}/", f"/asset-kinds/{kind.pk}/", "/sites/map/", "/teams/add/"]
    assert {page: browser.get(page).status_code for page in pages} == dict.fromkeys(pages, 200)


def test_an_import_highlights_the_area_of_what_it_brings(client_of, firm):
    browser = client_of(firm.acme.administrator)
    sheet = SimpleUploadedFile("postes.csv", b"Nom;Type\nPC-1;Ordinateur portable\n")
    for slug, area in (("assets", "fleet"), ("people", "people")):
        sheet.seek(0)
        answer = browser.post(f"/{slug}/import/", {"file": sheet, "organisation": firm.acme.id})
        page = browser.get(answer.headers["Location"]).content.decode()
        assert re.search(r'data-area="(\w+)" class="on"', page)[1] == area


def test_the_list_of_sites_leads_to_their_map(client_of, firm):
    browser = client_of(firm.acme.technician)
    assert 'href="/sites/map/"' in browser.get("/sites/").content.decode()
    assert browser.get("/sites/map/").status_code == 200


def test_the_page_of_a_calendar_tells_its_hours_day_by_day(client_of, firm):
    with scope(firm.acme.id):
        calendar = Calendar.objects.create(name="Office")
    page = client_of(firm.acme.technician).get(f"/calendars/{calendar.pk}/").content.decode()
    assert "09:00-12:00, 14:00-18:00" in page
    assert "Sunday" in page
    assert "[[" not in page


def navigation(browser, address):
    page = browser.get(address).content.decode()
    return page[page.index("<nav") : page.index("</nav>")]


def test_screens_of_one_group_share_a_line_until_one_of_them_is_open(browser):
    closed, opened = navigation(browser, "/assets/"), navigation(browser, "/bookings/")
    assert 'href="/loans/"' in closed
    assert 'href="/bookings/"' not in closed
    assert 'href="/bookings/" class="on" aria-current="true"' in opened
    assert ">Catalogue<" in opened
    assert ">Models<" not in opened
