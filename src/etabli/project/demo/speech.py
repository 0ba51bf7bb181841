"""How people write to a help desk: politely or not, long or short, with slips of the keyboard."""

# ruff: noqa: E501 - texts read better unfolded

from random import Random

from etabli.people.models import Person

GREETINGS = (
    "Bonjour,",
    "Bonjour,",
    "Bonjour,",
    "bonjour",
    "Bonjour à tous,",
    "Bonsoir,",
    "Bonjour l'équipe,",
    "",
)
CLOSINGS = (
    "Merci d'avance.", "Merci d'avance,\nCordialement,\n{name}", "Cordialement,\n{name}", "Bonne journée,\n{first}",
    "Merci beaucoup pour votre aide.\n{first}", "cdt", "Merci", "Bien à vous,\n{name}\n{title}", "",
)  # fmt: skip
DETAILS = (
    "Je suis joignable au {phone} toute la matinée.", "Mon bureau : {place}.", "C'est assez urgent pour moi.",
    "Rien d'urgent, quand vous aurez un moment.", "Ce n'est pas la première fois, j'avais déjà eu ça il y a quelques mois.",
    "J'ai redémarré deux fois, sans changement.", "Je pars en réunion de 14 h à 16 h, mais vous pouvez prendre la main sur mon poste.",
    "Je vous joins une photo de l'écran si ça peut aider.",
)  # fmt: skip
THANKS = (
    "Merci !",
    "Parfait, merci beaucoup.",
    "Super, tout fonctionne. Bonne journée !",
    "Merci pour votre réactivité",
    "C'est ok pour moi, merci",
)
AGAIN = (
    "Malheureusement cela recommence depuis ce matin, même symptôme.",
    "Le problème est revenu après le redémarrage... pouvez-vous regarder à nouveau ?",
)
ANSWERED = "Bonjour {first},\n\n{text}\n\nCordialement,\n{agent}\nNormandie Services – support"
RECALL = (
    "Bonjour {first},\n\nSans nouvelles de votre part, avez-vous pu faire l'essai ? Nous restons à votre disposition.\n\n"
    "Cordialement,\n{agent}\nNormandie Services – support"
)
LOOKING = (
    "Nous avons bien reçu votre demande et nous nous en occupons.", "Nous regardons et revenons vers vous dans la journée.",
    "Un technicien prend la main sur votre poste dans la matinée si cela vous convient.",
)  # fmt: skip


def place_of(person: Person) -> str:
    return (
        f"{person.room.name}, {person.site.name}" if person.room and person.site else str(person.site or "")
    )


def letter(person: Person, body: str, rng: Random, *, spoken: bool) -> str:
    """What somebody writes, or what an agent notes of a call (spoken)."""
    if spoken:
        return f"{person.name} appelle : {body[0].lower()}{body[1:]}"
    told = {
        "name": person.name,
        "first": first_of(person),
        "title": person.title,
        "phone": person.phone,
        "place": place_of(person),
    }
    if rng.random() < 0.35:
        body = f"{body} {rng.choice(DETAILS).format(**told)}"
    parts = [rng.choice(GREETINGS), body, rng.choice(CLOSINGS).format(**told)]
    text = "\n\n".join(part for part in parts if part)
    return slipped(text, rng) if rng.random() < 0.22 else text


def answer(first: str, text: str, agent: str) -> str:
    return ANSWERED.format(first=first, text=text, agent=agent).replace("Bonjour ,", "Bonjour,")


def first_of(person: Person | None) -> str:
    return person.name.split()[0] if person else ""


def slipped(text: str, rng: Random) -> str:
    """The text as somebody in a hurry types it: a letter doubled, two exchanged, an accent or a dot left out."""
    for _time in range(rng.randint(1, 3)):
        at = rng.randrange(1, len(text) - 2)
        if not text[at : at + 2].isalpha():
            continue
        kind = rng.randrange(3)
        if kind == 0:
            text = text[:at] + text[at] + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        else:
            text = text.replace("é", "e", 2).replace("à", "a", 1)
    return text.rstrip(".") if rng.random() < 0.5 else text
