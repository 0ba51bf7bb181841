"""A year of small facts: who created, assigned, moved, noted and tagged what; written in the order of their dates."""

# ruff: noqa: E501 - tables read better unfolded

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from etabli.assets.models import Asset
from etabli.inventory.models import Document
from etabli.kernel.actors import Actor
from etabli.kernel.attachments import Note, Tag, Tagging
from etabli.kernel.events import Event, publish
from etabli.people.models import Person

from .fleet import Item

PARIS = ZoneInfo("Europe/Paris")
TAGS = (("VIP", 3), ("Télétravail", 2), ("À remplacer 2027", 5), ("Prêt", 4), ("Contrat entretien", 1))
NOTES = {
    "laptop": (
        "Batterie changée, autonomie revenue à 7 h.",
        "Charnière droite fatiguée : à surveiller au prochain passage.",
        "Clavier remplacé sous garantie. Ancien clavier rendu au technicien du constructeur.",
        "BitLocker suspendu pour la mise à jour du BIOS, puis **réactivé**. Clé de récupération vérifiée.",
        "Écran fissuré dans un angle, l'utilisateur préfère attendre le renouvellement.",
    ),
    "desktop": (
        "Ventilateur bruyant, nettoyage fait. À revoir dans six mois.",
        "Passage de 8 à 16 Go, gain net sur la messagerie.",
        "Poste partagé par l'équipe : session unique, verrouillage automatique à 5 min.",
    ),
    "server": (
        "Contrôle de la baie : câblage repris, étiquettes posées.",
        "Micrologiciel du contrôleur mis à jour, redémarrage le dimanche à 6 h.",
    ),
    "vm": (
        "Instantané supprimé après la mise à jour, 40 Go rendus.",
        "Restauration d'essai réussie en 22 min.",
    ),
    "printer": (
        "Four changé à 180 000 pages.",
        "Bourrages du bac 2 : rouleau remplacé.",
        "Relevé du compteur transmis au prestataire.",
    ),
    "switch": (
        "Port 14 désactivé : boucle créée par un téléphone.",
        "Configuration sauvegardée avant le changement de VLAN.",
    ),
    "ups": (
        "Batteries changées, essai de 8 min sur charge réelle.",
        "Alarme de batterie faible acquittée, remplacement commandé.",
    ),
    "firewall": ("Règle d'accès du prestataire de téléphonie fermée après intervention.",),
    "phone": ("Coque et verre de protection fournis.", "Carte SIM changée, ancien numéro conservé."),
}


def beginnings(
    items: list[Item],
    people: list[Person],
    places: list[Any],
    team: list[Actor],
    rng: Random,
    *,
    start: datetime,
    now: datetime,
) -> None:
    """People, places and assets enter: most of them by the import of the first day, the others as they came."""
    importer = Actor(team[0].account_id, team[0].label, "import")
    for place in places:
        publish(place, f"{place._meta.model_name}.created", actor=importer, at=start + timedelta(minutes=2))
    for person in people:
        at = _morning(person.arrived_on, rng) if person.arrived_on else start
        publish(
            person,
            "person.created",
            actor=importer if at <= start else team[0],
            at=max(at, start + timedelta(minutes=5)),
        )
    for item in items:
        at = _morning(item.asset.commissioned_on, rng) if item.asset.commissioned_on else start
        late = at > start + timedelta(days=1)
        publish(
            item.asset,
            "asset.created",
            actor=rng.choice(team) if late else importer,
            at=min(max(at, start + timedelta(minutes=9)), now),
        )


def life(items: list[Item], team: list[Actor], rng: Random, *, start: datetime, now: datetime) -> None:
    """Assignments, repairs and state changes that lead to what the fleet is today."""
    for item in items:
        asset = item.asset
        since = max(start, _morning(asset.commissioned_on, rng)) if asset.commissioned_on else start
        if since > now - timedelta(days=2):
            continue
        if asset.person_id and rng.random() < 0.5:
            changes: dict[str, list[Any]] = {
                "person": [None, _named(asset.person)],
                "state": ["in_stock", "in_service"],
            }
            _changed(asset, changes, team, rng, since, now)
        elif asset.state not in {Asset.State.IN_SERVICE, Asset.State.IN_STOCK}:
            _changed(asset, {"state": ["in_service", asset.state]}, team, rng, now - timedelta(days=60), now)
        if rng.random() < 0.07:
            there = _between(since, now - timedelta(days=12), rng)
            _publish_change(asset, {"state": ["in_service", "in_repair"]}, team, rng, there)
            _publish_change(
                asset,
                {"state": ["in_repair", "in_service"]},
                team,
                rng,
                there + timedelta(days=rng.randint(2, 10)),
            )


def remarks(items: list[Item], team: list[Actor], rng: Random, *, start: datetime, now: datetime) -> None:
    """Notes where something was done, tags to sort by."""
    tags = {name: Tag.objects.create(name=name, colour=colour) for name, colour in TAGS}
    for item in items:
        asset, kind = item.asset, item.asset.kind.key
        if kind in NOTES and rng.random() < (0.3 if kind in {"laptop", "desktop"} else 0.45):
            _note(
                asset,
                rng.choice(NOTES[kind]),
                rng.choice(team),
                _between(max(start, now - timedelta(days=300)), now, rng),
            )
        for name in _tags_of(asset, rng, now):
            Tagging.objects.create(tag=tags[name], noun="asset", object_id=asset.pk)
            extra = {"tag": {"id": tags[name].pk, "text": name}}
            publish(
                asset,
                "asset.tagged",
                actor=rng.choice(team),
                extra=extra,
                at=_between(now - timedelta(days=200), now, rng),
            )


def _tags_of(asset: Asset, rng: Random, now: datetime) -> list[str]:
    found = ["VIP"] if asset.person is not None and asset.person.vip and asset.kind.key == "laptop" else []
    if asset.kind.key == "laptop" and rng.random() < 0.35:
        found.append("Télétravail")
    if (
        asset.kind.computer
        and asset.bought_on
        and (now.date() - asset.bought_on).days > 1500
        and rng.random() < 0.7
    ):
        found.append("À remplacer 2027")
    if asset.state == Asset.State.ON_LOAN:
        found.append("Prêt")
    return found + (
        ["Contrat entretien"] if asset.kind.key in {"printer", "ups"} and rng.random() < 0.5 else []
    )


def _note(asset: Asset, text: str, actor: Actor, at: datetime) -> None:
    made = Note.objects.create(
        noun="asset", object_id=asset.pk, text=text, account_id=actor.account_id, author=actor.label
    )
    Note.objects.filter(pk=made.pk).update(created_at=at, updated_at=at)
    publish(asset, "asset.noted", actor=actor, extra={"note": made.pk, "text": text}, at=at)


def _changed(
    asset: Asset,
    changes: dict[str, list[Any]],
    team: list[Actor],
    rng: Random,
    first: datetime,
    now: datetime,
) -> None:
    _publish_change(asset, changes, team, rng, _between(first, now, rng))


def _publish_change(
    asset: Asset, changes: dict[str, list[Any]], team: list[Actor], rng: Random, at: datetime
) -> None:
    publish(asset, "asset.changed", actor=rng.choice(team), changes=changes, at=at)


def _named(obj: Any) -> dict[str, Any]:
    return {"id": obj.pk, "text": str(obj)}


def _morning(day: Any, rng: Random) -> datetime:
    return datetime.combine(day, time(8 + rng.randint(0, 9), rng.randint(0, 59)), PARIS)


def _between(first: datetime, last: datetime, rng: Random) -> datetime:
    """A moment of a working day between two others."""
    at = first + (last - first) * rng.random()
    local = at.astimezone(PARIS)
    local = local.replace(hour=8 + rng.randint(0, 9), minute=rng.randint(0, 59))
    local -= timedelta(days=max(0, local.weekday() - 4))
    return min(max(local, first), last)


def put_in_order(organisations: list[int], *, began: datetime, start: datetime) -> int:
    """Write the events again so that their ids follow their dates, as if each had been recorded when it happened.

    What an inventory told is dated by its reception, what was done with a thing by the day it was done; what has no
    date of its own belongs to the first day.
    Returns how many events there are. The trigger that keeps events from being deleted is told that this is an erasure.
    """
    events = list(Event.objects.filter(organisation__in=organisations))
    received = dict(Document.objects.filter(organisation__in=organisations).values_list("pk", "received_at"))
    days = {event.batch: event.extra["on"] for event in events if event.batch and event.extra.get("on")}
    for event in events:
        if event.at >= began:
            done = days.get(event.batch) if event.batch else None
            event.at = received.get(event.extra.get("document")) or (_at_ten(done) if done else start)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.erasing', 'on', true)")
        Event.objects.filter(organisation__in=organisations).delete()
        cursor.execute("SELECT set_config('app.erasing', '', true)")
    for event in (ordered := sorted(events, key=lambda e: (e.at, e.pk))):
        event.pk = None
        event._state.adding = True
    Event.objects.bulk_create(ordered, batch_size=1000)
    _date_creations(organisations)
    return len(ordered)


def _at_ten(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(10), PARIS)


def _date_creations(organisations: list[int]) -> None:
    """Assets and people were created when their event says."""
    for model in (Asset, Person):
        own = Event.objects.filter(
            organisation=OuterRef("organisation"), noun=model._meta.model_name, object_id=OuterRef("pk")
        )
        when = own.filter(verb=f"{model._meta.model_name}.created").values("at")[:1]
        model.objects.filter(organisation__in=organisations).update(
            created_at=Coalesce(Subquery(when), F("created_at"))
        )
