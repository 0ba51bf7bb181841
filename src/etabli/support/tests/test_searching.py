"""What is found first, and that nobody has to type as the writer did."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from etabli.assets.models import Asset, AssetKind
from etabli.kernel.tenancy import scope
from etabli.people.models import Person
from etabli.support.messages import Message
from etabli.support.opening import Caller, Request, Words, open_ticket
from etabli.support.searching import TicketText, find
from etabli.support.talking import note, receive
from etabli.support.tickets import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


class Desk:
    def __init__(self, firm: Any, actor: Any) -> None:
        self.firm, self.actor = firm, actor

    def open(self, title: str, text: str = "Bonjour", who: str = "?", assets: tuple[Any, ...] = ()) -> Ticket:
        person = Person.objects.filter(name=who).first()
        caller = Caller(person=person) if person else Caller(name=who)
        request = Request(title, Words(text), caller, assets=assets)
        return open_ticket(request, organisation=self.firm.acme.id, actor=self.actor)

    def person(self, name: str, **more: Any) -> Person:
        return Person.objects.create(organisation=self.firm.acme.organisation, name=name, **more)

    def asset(self, name: str, serial: str) -> Asset:
        kind = AssetKind.objects.get(key="laptop", organisation=None)
        return Asset.objects.create(
            organisation=self.firm.acme.organisation, name=name, serial=serial, kind=kind
        )


@pytest.fixture
def desk(firm: Any, actor_of: Any) -> Any:
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        yield Desk(firm, actor)


def found(text: str, *, notes: bool = True, rows: Any = None) -> list[int]:
    return find(text, rows=rows, notes=notes)


def test_a_number_is_found_first_however_it_is_written(desk: Desk) -> None:
    one = desk.open("Écran noir")
    other = desk.open(f"Suite du dossier {one.pk}", f"Voir {one.reference}")
    for text in (one.reference, one.reference.lower(), f"#{one.pk}", str(one.pk), f"ETB {one.pk}"):
        assert found(text)[0] == one.pk, text
    assert found(str(one.pk)) == [one.pk, other.pk]
    assert found("ETB-999999999999") == []


def test_names_and_serial_numbers_come_before_what_was_said(desk: Desk) -> None:
    desk.person("Hélène Lefèvre", email="helene@acme.example")
    said = desk.open("Imprimante", "Hélène Lefèvre m'a dit que le poste 5CG9312XYZ est en panne")
    subject = desk.open("Départ de Helene Lefevre")
    asked = desk.open("Divers", who="Hélène Lefèvre", assets=(desk.asset("PC-000123", "5CG9312XYZ"),))
    late = desk.open("Autre", "Hélène Lefèvre")
    assert found("lefevre HELENE") == [asked.pk, subject.pk, late.pk, said.pk]
    assert found("5cg9312xyz") == [asked.pk, said.pk]
    assert found("5cg93") == [asked.pk, said.pk]
    assert found("pc-000123") == [asked.pk]
    assert found("000123") == [asked.pk]
    assert found("helene@acme.example") == [asked.pk]


def test_accents_plurals_and_conjugations_do_not_matter(desk: Desk) -> None:
    one = desk.open("Boîte aux lettres", "Je n'arrive plus à réinitialiser les mots de passe, à l'aide")
    for text in (
        "reinitialisation mot de passe",
        "RÉINITIALISÉ",
        "boite lettre",
        "mots",
        "boîtes aux lettres",
    ):
        assert found(text) == [one.pk], text
    english = desk.open("Printers", "The printers are offline since yesterday")
    assert found("printer offline") == [english.pk]


def test_words_of_different_messages_are_found_together(desk: Desk) -> None:
    one = desk.open("Panne", "Le scanner ne répond plus")
    receive(
        one, Words("Il est branché sur le commutateur"), Caller(name="?"), actor=desk.actor, channel="mail"
    )
    desk.open("Panne", "Le scanner est cassé")
    assert found("scanner commutateur") == [one.pk]


def test_the_last_word_may_be_unfinished(desk: Desk) -> None:
    one = desk.open("Visioconférence muette")
    assert found("muette visioco") == [one.pk]


def test_a_slip_of_the_keyboard_is_mended(desk: Desk) -> None:
    one = desk.open("Imprimante de l'accueil", "Elle fait des rayures")
    desk.person("Antoine Charpentier")
    two = desk.open("Accès refusé", who="Antoine Charpentier")
    for text in ("imprimente", "inprimante", "imprimantte accueil", "imprimante acueil"):
        assert found(text) == [one.pk], text
    assert found("charpantier") == [two.pk]
    assert found("zzzzzzzz") == []


def test_without_every_word_those_with_all_but_one_are_found(desk: Desk) -> None:
    one = desk.open("Serveur de fichiers lent")
    two = desk.open("Fichiers perdus")
    assert found("serveur fichiers perdus lent")[0] == one.pk
    assert found("fichiers perdus serveur") == [two.pk, one.pk]


def test_notes_are_only_found_by_those_who_may_read_them(desk: Desk) -> None:
    one = desk.open("Téléphone")
    note(one, Words("Client procédurier, prudence"), actor=desk.actor)
    assert found("procédurier") == [one.pk]
    assert found("procédurier", notes=False) == []


def test_what_changes_is_found_under_its_new_words_only(desk: Desk) -> None:
    person, asset = desk.person("Claire Moreau"), desk.asset("PC-1", "AAA111BBB")
    one = desk.open("Divers", "zinzolin", who="Claire Moreau", assets=(asset,))
    two = desk.open("Second")
    person.name, asset.serial = "Claire Vasseur", "CCC333DDD"
    person.save()
    asset.save()
    assert (found("vasseur"), found("moreau")) == ([one.pk], [])
    assert (found("ccc333ddd"), found("aaa111bbb")) == ([one.pk], [])
    one.assets.get().delete()
    assert found("ccc333ddd") == []
    Message.objects.filter(ticket=one).update(ticket=two)
    assert found("zinzolin") == [two.pk]
    Message.objects.filter(ticket=two).delete()
    assert found("zinzolin") == []
    Ticket.objects.filter(pk=two.pk).update(title="Tout autre")
    assert found("second") == []


def test_other_organisations_find_nothing(desk: Desk, firm: Any) -> None:
    desk.open("Zinzolin", "Zinzolin")
    with scope(firm.globex.id):
        assert found("zinzolin") == found("zinzoline") == []


def test_any_text_may_be_searched_and_written(desk: Desk) -> None:
    hostile = "a'b\\ %_ :* & | ! <-> ( ) \u202e ' -- ; 🙂 " + "x" * 3000
    one = desk.open(hostile[:150], hostile)
    desk.open("Mots", " ".join(f"mot{n:06d}" for n in range(60_000)))
    for text in (hostile, "'", "\\", ":*", "!", "' & '", "%", "le la les", "\x00", "🙂", "a:*b", "9" * 40):
        assert isinstance(found(text.replace("\x00", "")), list)
    assert found("mot000010")
    assert TicketText.objects.get(ticket=one).words


def test_the_list_shows_the_best_first_and_keeps_its_filters(desk: Desk, client_of: Any) -> None:
    said = desk.open("Divers", "le tourniquet grince")
    subject = desk.open("Tourniquet bloqué")
    desk.open("Rien")
    client = client_of(desk.firm.provider.technician)
    page = client.get("/tickets/?q=tourniquets").content.decode()
    assert page.index(f"/tickets/{subject.pk}/") < page.index(f"/tickets/{said.pk}/")
    assert "Rien" not in page
    Ticket.objects.filter(pk=subject.pk).update(state="closed")
    page = client.get("/tickets/?q=tourniquet&is=open").content.decode()
    assert f"/tickets/{said.pk}/" in page
    assert f"/tickets/{subject.pk}/" not in page


def test_a_search_asks_the_same_number_of_questions_whatever_it_finds(desk: Desk) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert found("tourniquet")
        return len(seen)

    desk.open("Tourniquet")
    before = count()
    for _number in range(20):
        desk.open("Tourniquet", "tourniquet")
    assert count() == before
