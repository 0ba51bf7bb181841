"""The people of the sample companies: names, positions, org units, managers, teams."""

# ruff: noqa: E501, SIM905 - tables read better unfolded

import unicodedata
from datetime import date, timedelta
from random import Random

from etabli.people.models import OrgUnit, Person, Room, Team, TeamMember

from .companies import Company

WOMEN = (
    "Camille Nadia Sophie Émilie Aïcha Claire Inès Julie Marion Sandrine Hélène Pauline Manon Céline Fatima Laure Élodie Anaïs "
    "Valérie Mathilde Chloé Delphine Yasmine Audrey Nathalie Lucie Christelle Margaux Isabelle Noémie Karine Sarah Agathe Florence "
    "Lina Mélanie Justine Coralie Véronique Amandine Jeanne Odile Rachida Solène Estelle Brigitte Maëlle Gaëlle"
).split()
MEN = (
    "Antoine Mehdi Julien Thomas Nicolas Yanis Benoît Olivier Maxime Samuel Guillaume Rachid Étienne Vincent Adrien Bruno Lucas "
    "Christophe Ibrahim Romain Fabien Damien Alexis Pascal Rémi Laurent Mathieu Quentin Stéphane Hakim Clément Baptiste Jérôme "
    "Gaël Philippe Nassim Loïc Sylvain Arnaud Tristan Cédric Éric Patrice Simon"
).split()
SURNAMES = (
    (
        "Lefebvre Morel Duval Lemoine Hébert Marchand Leroux Vasseur Bertin Delaunay Bouchard Mercier Renault Lecomte Guérin Fontaine "
        "Chevallier Roussel Blanchard Gauthier Perrin Robin Masson Boyer Garnier Faure Rousseau Vincent Muller Caron Picard Dumont Lucas "
        "Brun Meunier Colin Barbier Aubert Rivière Huet Charpentier Jacquet Bailly Langlois Prévost Lebreton Pasquier Tessier Gillet "
        "Hamon Le·Gall Briand Cariou Leduc Poirier Royer Carpentier Benoist Fleury Maillard Baron Schmitt Diallo Benali Traoré Nguyen "
        "Haddad Moreira Kaya Belkacem Touré Da·Silva Boucher Levasseur Quesnel Auber Lesueur Bellanger Drouet Ferrand Guillot Hervé "
        "Jourdain Lambert Maheu Noël Ollivier Péron Rault Sorel Thibault Vallée Wagner Yvon Besnard Cousin"
    )
    .replace("·", "\u00a0")
    .split(" ")
)
# The provider's people are known by name: they sign the year's history, and some can log in.
PROVIDER_STAFF = (
    ("Nora Lemarchand", "nora@demo.example"),
    ("Hugo Delamare", "hugo@demo.example"),
    ("Léa Morin", "lea@demo.example"),
    ("Karim Ouali", ""),
    ("Jade Fauvel", ""),
    ("Théo Grandin", ""),
    ("Marc Lesage", ""),
    ("Anouk Vidal", ""),
)


class Names:
    """Draws names without ever giving the same surname twice."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._surnames = rng.sample(SURNAMES, len(SURNAMES))

    def draw(self) -> tuple[str, bool]:
        """A full name, and whether it is a woman's."""
        woman = self._rng.random() < 0.55
        return f"{self._rng.choice(WOMEN if woman else MEN)} {self._surnames.pop()}", woman


def email_of(name: str, domain: str) -> str:
    """``celine.le-gall@…`` from « Céline Le Gall »."""
    bare = unicodedata.normalize("NFKD", name.lower().replace("œ", "oe"))
    bare = "".join(c for c in bare if not unicodedata.combining(c))
    first, _space, last = bare.replace("\u00a0", "-").replace("'", "").partition(" ")
    return f"{first}.{last.replace(' ', '-')}@{domain}"


def hire(company: Company, rng: Random, names: Names, *, today: date) -> list[Person]:
    """Make the org units and the people of a company, in the scope of its organisation; not published."""
    rooms = {room.name: room for room in Room.objects.select_related("site").order_by("-pk")}
    known = iter(PROVIDER_STAFF if company.key == "normandie" else ())
    people: list[Person] = []
    top: OrgUnit | None = None
    head: Person | None = None
    for plan in company.units:
        unit = OrgUnit.objects.create(name=plan.name, parent=top)
        top = top or unit
        chief: Person | None = None
        for title in (title for title, number in plan.positions for _ in range(number)):
            person = _person(company, rng, names, next(known, None), title, today, len(people) + 1)
            person.unit, person.manager = unit, chief or head
            person.room = rooms[plan.rooms[0] if person.manager is head else rng.choice(plan.rooms)]
            person.site = person.room.site
            person.save()
            people.append(person)
            chief = chief or person
        head = head or chief
        unit.manager = chief
        unit.save(update_fields=["manager"])
    return people


def _person(
    company: Company,
    rng: Random,
    names: Names,
    known: tuple[str, str] | None,
    title: str,
    today: date,
    number: int,
) -> Person:
    name, woman = names.draw()
    email = ""
    if known:
        name, email = known
        woman = name.split()[0] in {"Nora", "Léa", "Jade", "Anouk"}
    man_title, _bar, woman_title = title.partition("|")
    arrived = today - timedelta(days=rng.randint(20, 5200))
    return Person(
        name=name,
        email=email or email_of(name, company.domain),
        title=woman_title if woman and woman_title else man_title,
        phone=f"{company.sites[0].phone[:11]} {rng.randint(10, 99)}",
        mobile=_mobile(rng) if rng.random() < 0.45 else "",
        employee_number=f"{company.employee_prefix}-{number:04d}",
        arrived_on=arrived,
        vip=man_title.startswith(("Direct", "Gérant", "Médecin", "Chef de bloc")),
    )


def _mobile(rng: Random) -> str:
    return f"06 39 98 {rng.randint(10, 99)} {rng.randint(10, 99)}"


def team_up(people: list[Person], company: Company) -> None:
    """The provider's queues of work, and the local correspondents of each client."""
    chosen = {"Support": people[1:6], "Projets et infrastructure": people[6:8]}
    if company.key != "normandie":
        chosen = {
            "Correspondants informatiques": [
                p for p in people if "informatique" in p.title or "Responsable" in p.title
            ][:3]
        }
    for name, members in chosen.items():
        email = f"{'support' if name == 'Support' else 'equipe-' + email_of(name, '').split('.')[0].rstrip('@')}@{company.domain}"
        team = Team.objects.create(name=name, email=email, leader=members[0] if members else None)
        for person in members:
            TeamMember.objects.create(team=team, person=person)
