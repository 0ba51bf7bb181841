"""Pages of places: the map, a site, a floor's plan."""

import base64

from django.core.files.uploadedfile import SimpleUploadedFile

from etabli.kernel.tenancy import scope
from etabli.people.maps import map_of
from etabli.people.models import Building, Floor, Site

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_rouen_is_above_lyon_and_left_of_strasbourg():
    places = {"rouen": (49.44, 1.10), "lyon": (45.76, 4.84), "strasbourg": (48.58, 7.75)}
    sites = [Site(name=n, latitude=la, longitude=lo) for n, (la, lo) in places.items()]
    points = {p.site.name: p for p in map_of(sites).points}
    assert points["rouen"].y < points["lyon"].y
    assert points["rouen"].x < points["strasbourg"].x


def test_a_site_without_coordinates_is_listed_beside_the_map(client_of, firm):
    with scope(firm.acme.id):
        Site.objects.create(name="Entrepôt lointain")
    page = client_of(firm.acme.auditor).get("/sites/map/")
    assert "Entrepôt lointain" in page.content.decode()
    assert "Entrepôt lointain" not in client_of(firm.globex.administrator).get("/sites/map/").content.decode()


def test_a_floor_takes_an_image_as_plan_and_refuses_the_rest(client_of, firm):
    with scope(firm.acme.id):
        site = Site.objects.create(name="Siège")
        floor = Floor.objects.create(building=Building.objects.create(site=site, name="A"), name="RDC")
    browser = client_of(firm.acme.administrator)
    browser.post(
        f"/floors/{floor.pk}/plan/", {"plan": SimpleUploadedFile("plan.png", b"<html>", "image/png")}
    )
    with scope(firm.acme.id):
        floor.refresh_from_db()
        assert floor.plan_id is None
    browser.post(f"/floors/{floor.pk}/plan/", {"plan": SimpleUploadedFile("plan.png", PNG, "image/png")})
    with scope(firm.acme.id):
        floor.refresh_from_db()
    assert browser.get(f"/fichiers/{floor.plan_id}/").headers["Content-Type"] == "image/png"
    assert client_of(firm.globex.administrator).get(f"/fichiers/{floor.plan_id}/").status_code == 404
