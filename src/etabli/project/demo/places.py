"""The sites of the sample companies, placed on the map by the same rule as those people type."""

from etabli.people.actions import locate
from etabli.people.models import Building, Floor, Rack, Room, Site

from .companies import Company


def settle(company: Company) -> list[Site]:
    """Make sites, buildings, floors, rooms and racks in the scope of the company's organisation; not
    published.
    """
    made = []
    for plan in company.sites:
        site = Site(
            name=plan.name,
            code=plan.code,
            street=plan.street,
            postcode=plan.postcode,
            city=plan.city,
            phone=plan.phone,
            access=plan.access,
        )
        locate(site)
        site.save()
        made.append(site)
        for building_name, floors in plan.buildings.items():
            building = Building.objects.create(site=site, name=building_name)
            for floor_plan in floors:
                floor = Floor.objects.create(building=building, name=floor_plan.name, level=floor_plan.level)
                for name in floor_plan.rooms:
                    Room.objects.create(site=site, floor=floor, name=_free(site, name))
                for name in floor_plan.technical:
                    room = Room.objects.create(site=site, floor=floor, name=_free(site, name), technical=True)
                    Rack.objects.create(room=room, name="Baie 1", units=42 if "erveur" in name else 15)
    return made


def _free(site: Site, name: str) -> str:
    """Two buildings of a site may both have a reception, rooms of a site may not share a name."""
    taken = set(Room.objects.filter(site=site).values_list("name", flat=True))
    return next(n for n in [name, *(f"{name} {i}" for i in range(2, 9))] if n not in taken)
