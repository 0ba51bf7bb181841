"""What people see of people and places."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import Actor, can
from etabli.kernel.organisations import Organisation
from etabli.kernel.screens import Column, Figure, Panel, Screen, register
from etabli.kernel.tenancy import visible
from etabli.kernel.text import Plain
from etabli.web import markup

from . import actions, merging
from .merge_act import MERGE
from .models import Building, Floor, OrgUnit, Person, Rack, Room, Site, Subnet, Team
from .placed import PlacedForm, carrying, followers

followers["room"].append(Person)


def _person_cell(person: Person) -> str:
    return format_html(
        '{}<span class="clip"><b>{}</b><small>{}</small></span>',
        markup.avatar(person.name),
        person.name,
        person.title,
    )


@register
class OrganisationScreen(Screen):
    about = gettext_lazy("The provider, its clients and their sub-entities.")
    model = Organisation
    area, icon = "people", "building"
    columns = ["name", "kind", "parent", "siret", "timezone"]
    filters = ["kind"]
    fields = ["name", "kind", "parent", "siret", "timezone", "holiday_zone", "colour"]
    importable = deletes = False
    undoable = False

    def rows(self, actor: Actor, act: str = "view") -> QuerySet[Any]:
        may = [o for o in visible() if can(actor, self.verb(act), o)]
        return Organisation.objects.filter(pk__in=may)

    def save(self, form: Any, actor: Actor, *, batch: Any = None) -> Organisation:
        """A new one also gets a calendar; one whose parent changed moves with everything under it."""
        values = form.cleaned_data
        if not form.instance.pk:
            more = {k: values[k] for k in ("siret", "timezone", "holiday_zone", "colour") if k in values}
            return actions.start_organisation(
                name=values["name"], kind=values["kind"], parent=values["parent"], actor=actor, **more
            )
        old = Organisation.objects.get(pk=form.instance.pk)
        if old.parent_id != form.instance.parent_id:
            actions.move_organisation(organisation=old, parent=values["parent"], actor=actor)
        return super().save(form, actor, batch=batch)


@register
class PersonScreen(Screen):
    about = gettext_lazy("Everybody who works here, with or without an account.")
    model = Person
    area, icon = "people", "user"
    columns = [
        Column("name", gettext_lazy("Name"), _person_cell, sort=(Plain("name"),)),
        "email",
        "phone",
        "unit",
        "site",
        Column(
            "account",
            gettext_lazy("Account"),
            lambda p: markup.state(_("yes"), "ok") if p.account_id else markup.NOTHING,
        ),
    ]
    filters = ["site", "unit", "vip", "left_on"]
    search = ["email", "phone", "mobile", "title", "employee_number"]
    fields = [
        "name",
        "email",
        "phone",
        "mobile",
        "title",
        "unit",
        "manager",
        "site",
        "room",
        "vip",
        "employee_number",
        "arrived_on",
        "left_on",
    ]
    sections = [
        (gettext_lazy("Where"), ["site", "room"]),
        (gettext_lazy("Employment"), ["employee_number", "arrived_on", "left_on", "vip"]),
    ]
    identity = ["email", "employee_number", "name"]
    slug = "people"
    form = PlacedForm
    acts = [MERGE]

    def successor(self, pk: int) -> int | None:
        return merging.successor(pk)

    def subtitle(self, obj: Person) -> str:
        return obj.title

    def actions(self, obj: Person, actor: Actor) -> list[dict[str, Any]]:
        if obj.account_id or not obj.email or not can(actor, "membership.add", obj):
            return []
        return [{"label": _("Invite"), "url": reverse("person-invite", args=[obj.pk]), "icon": "mail"}]

    def more_urls(self) -> list[Any]:
        from . import pages

        return pages.person_urls


@register
class TeamScreen(Screen):
    about = gettext_lazy("Groups of technicians.")
    model = Team
    area, icon = "people", "users-group"
    columns = ["name", "email", "leader"]

    def panels(self, obj: Team, request: HttpRequest) -> list[Panel]:
        people = [m.person for m in obj.members.select_related("person")]
        rows = [
            (
                p.title or _("Member"),
                format_html('<a href="{}">{}</a>', reverse("person-detail", args=[p.pk]), p),
            )
            for p in people
        ]
        return [Panel(self.singular, rows=self.facts(obj, self.form_fields)), Panel(_("Members"), rows=rows)]


@register
class OrgUnitScreen(Screen):
    about = gettext_lazy("The departments and services of the org chart.")
    model = OrgUnit
    slug = "org-units"
    area, icon = "people", "sitemap"
    columns = ["name", "parent", "manager"]
    filters = ["parent"]


@register
class SiteScreen(Screen):
    about = gettext_lazy("The addresses where an organisation works.")
    model = Site
    area, icon = "people", "map-pin"
    columns = ["name", "code", "city", "postcode", "phone"]
    filters = ["city"]
    fields = [
        "name",
        "code",
        "street",
        "postcode",
        "city",
        "country",
        "phone",
        "access",
        "latitude",
        "longitude",
        "insee",
    ]
    sections = [(gettext_lazy("Coordinates"), ["latitude", "longitude", "insee"])]
    identity = ["code", "name"]
    template = "people/site.html"

    def save(self, form: Any, actor: Actor, *, batch: Any = None) -> Any:
        actions.locate(form.instance)
        return super().save(form, actor, batch=batch)

    def list_actions(self, actor: Actor) -> list[dict[str, Any]]:
        return [{"label": _("Map"), "url": reverse("site-map"), "icon": "map-pin"}]

    def subtitle(self, obj: Site) -> str:
        return " ".join(filter(None, [obj.street, obj.postcode, obj.city]))

    def heading(self, obj: Site) -> dict[str, Any]:
        from .maps import map_of

        rooms = obj.rooms.select_related("floor__building").order_by(
            "floor__building__name", "floor__level", "name"
        )
        return {"map": map_of([obj]), "rooms": rooms[:500], "site": obj}

    def figures(self, rows: QuerySet[Any], actor: Actor) -> list[Figure]:
        return []

    def more_urls(self) -> list[Any]:
        from . import pages

        return pages.site_urls


@register
class BuildingScreen(Screen):
    about = gettext_lazy("The buildings of a site.")
    model = Building
    area, icon = "people", "building-community"
    columns = ["name", "site"]
    filters = ["site"]


@register
class FloorScreen(Screen):
    about = gettext_lazy("The floors of a building, with their plans.")
    model = Floor
    area, icon = "people", "stairs"
    columns = ["name", "building", "level"]
    filters = ["building"]
    template = "people/floor.html"

    def more_urls(self) -> list[Any]:
        from . import pages

        return pages.floor_urls


@register
class RoomScreen(Screen):
    about = gettext_lazy("The rooms of a site.")
    model = Room
    area, icon = "people", "door"
    columns = ["name", "site", "floor", "technical"]
    filters = ["site", "floor", "technical"]
    related = ["floor__building"]

    def save(self, form: Any, actor: Actor, *, batch: Any = None) -> Any:
        """What stands in a room that changes site goes with it."""
        with carrying(form.instance, actor=actor, batch=batch):
            return super().save(form, actor, batch=batch)


@register
class RackScreen(Screen):
    about = gettext_lazy("The racks of a room.")
    model = Rack
    area, icon = "people", "server-2"
    columns = ["name", "room", "units"]
    filters = ["room"]

    def save(self, form: Any, actor: Actor, *, batch: Any = None) -> Any:
        """What stands in a rack that changes room goes with it."""
        with carrying(form.instance, actor=actor, batch=batch):
            return super().save(form, actor, batch=batch)


def _network_cell(subnet: Subnet) -> str:
    return format_html("<b>{}</b>", subnet.network)


@register
class SubnetScreen(Screen):
    about = gettext_lazy(
        "Which addresses are used at which site: a machine's address then tells where it is."
    )
    model = Subnet
    area, icon = "people", "network"
    columns = [Column("network", gettext_lazy("Network"), _network_cell, sort=("network",)), "name", "site"]
    filters = ["site"]
    fields = ["network", "site", "name"]
    identity = ["network"]
