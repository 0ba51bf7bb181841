"""The incident that goes on now: since this morning a site has no messaging; a dozen of its people called."""

# ruff: noqa: E501 - texts read better unfolded

from datetime import datetime, timedelta
from random import Random

from etabli.kernel.accounts import Account
from etabli.people.models import Person
from etabli.support.tickets import Ticket

from .lives import Life
from .situations import Situation
from .stories import Teller

BEGAN = timedelta(hours=3, minutes=10)
TITLE = "Messagerie indisponible sur le site {site}"
ALERT = (
    "Supervision : le connecteur de messagerie du site {site} ne répond plus (3 essais, délai dépassé). "
    "Boîtes du site inaccessibles depuis Outlook et les mobiles."
)
# Minutes after the beginning, a note (N) or an answer (R), and what it says.
STEPS = (
    (9, "N", "Confirmé depuis deux postes du site. Les autres sites ne sont pas touchés. Incident majeur déclaré, Hugo coordonne."),
    (22, "R", "Nous avons confirmé une panne de messagerie sur votre site. Les appels et les dossiers partagés fonctionnent. "
              "Prochaine information dans 30 minutes."),
    (38, "N", "Le certificat du relais a été remplacé cette nuit par le renouvellement automatique : chaîne incomplète, les clients refusent."),
    (54, "R", "La cause est trouvée : un certificat renouvelé cette nuit est refusé par les postes. Nous préparons son remplacement. "
              "En attendant, le webmail reste utilisable à l'adresse habituelle."),
    (83, "N", "Nouveau certificat posé sur le relais, service relancé. La moitié des postes se reconnecte ; les autres gardent l'ancien en cache."),
    (104, "R", "Le service est relancé. Si Outlook reste déconnecté, fermez-le, attendez une minute et rouvrez-le. "
               "Nous repassons sur chaque signalement. Prochaine information dans une heure."),
    (146, "N", "Reste 5 postes et les mobiles : profil à reconstruire. Théo part sur place."),
    (171, "R", "Sept personnes sur douze ont retrouvé leur messagerie. Un technicien arrive sur place pour les autres."),
)  # fmt: skip
TOLD = (
    ("Plus de mails depuis ce matin", "Ma messagerie est déconnectée depuis mon arrivée, j'ai redémarré deux fois."),
    ("Outlook déconnecté", "Outlook affiche « déconnecté » en bas à droite, c'est pareil chez ma voisine de bureau."),
    ("messagerie en panne ?", "Est-ce que la messagerie est en panne ? Je ne reçois rien et rien ne part."),
    ("Impossible d'envoyer un mail urgent", "Je dois envoyer un document avant midi et tout reste dans la boîte d'envoi !"),
    ("Mails bloqués", "Aucun mail sur l'ordinateur ni sur le téléphone depuis hier soir."),
    ("Problème Outlook", "Outlook me demande d'accepter un certificat bizarre, j'ai cliqué sur non. J'ai bien fait ?"),
    ("Messagerie téléphone", "Mon téléphone dit « impossible de vérifier l'identité du serveur »."),
    ("plus d'agenda", "je ne vois plus mon agenda de la journée, j'ai des rendez-vous toute la matinée"),
    ("Boîte partagée inaccessible", "La boîte partagée du service ne s'ouvre plus, les demandes des usagers arrivent dedans."),
    ("Erreur certificat", "Message « le certificat de sécurité n'est pas approuvé » à chaque ouverture d'Outlook."),
    ("Pas de mail", "Toujours pas de mails... des nouvelles ?"),
    ("Outlook ne s'ouvre pas", "Outlook reste sur « chargement du profil » et ne va pas plus loin."),
)  # fmt: skip


def live_incident(
    teller: Teller, situation: Situation, people: list[Person], lead: Account, helper: Account
) -> tuple[Life, list[Life]]:
    """The major incident and the tickets of the site's people, its children."""
    began = teller.now - BEGAN
    site = str(people[0].site)
    main = teller.begin(situation, began, who=people[0])
    main.ticket.impact, main.ticket.urgency = 3, 3
    main.recast(TITLE.format(site=site), ALERT.format(site=site), kind=Ticket.Kind.MAJOR)
    main.take(lead, began + timedelta(minutes=5))
    for minutes, sign, text in STEPS:
        at = began + timedelta(minutes=minutes)
        if sign == "N":
            main.note(helper if "Théo" in text else lead, text, at)
        else:
            main.answer(lead, text, at)
    return main, [_child(teller, situation, one, number, began, helper) for number, one in enumerate(people)]


def _child(
    teller: Teller, situation: Situation, person: Person, number: int, began: datetime, helper: Account
) -> Life:
    """One of those who called: some were answered, some are back, the last ones wait."""
    rng: Random = teller.rng
    title, body = TOLD[number % len(TOLD)]
    at = began + timedelta(minutes=4 + number * 11 + rng.randint(0, 8))
    life = teller.begin(situation, at, who=person)
    life.ticket.title, life.ticket.channel = title, Ticket.Channel.MAIL
    life.messages, life.facts, life.events = [], [], []
    life.open(f"Bonjour,\n\n{body}\n\n{person.name}")
    if number < 8:
        at += timedelta(minutes=3)
        life.take(helper, at)
        first = person.name.split()[0]
        text = f"Bonjour {first},\n\nLa panne touche tout le site, nous y travaillons. Le webmail reste utilisable.\n\n{helper.name}"
        life.answer(helper, text, at + timedelta(minutes=1))
    if number in {1, 4}:
        life.hear("C'est revenu chez moi, merci !", teller.now - timedelta(minutes=12 + number))
    return life
