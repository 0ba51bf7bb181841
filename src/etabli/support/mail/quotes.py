"""How mail programs announce what they quote, forward and sign, in French and in English (and a few
neighbours).

Each expression reads one line, made plain by :func:`plain`, of at most :data:`LONGEST` characters: none can
take long. Sources: mails of Gmail, Outlook, Apple Mail, Thunderbird, Zimbra (Free), the webmails of Orange,
SFR and La Poste, Yahoo, AOL, Samsung and iPhone.
"""

import re
from enum import StrEnum

LONGEST = 400
_SPACES = dict.fromkeys(map(ord, "\u00a0\u202f\u2009\u2007\t\u200b"), " ") | {
    ord("’"): "'",
    0x200E: None,
    0x200F: None,
}


def plain(line: str) -> str:
    """The line as the expressions want it: ordinary spaces and apostrophes, no emphasis; cut when too long,
    so that what must end a line is not found in it.
    """
    read = line[:LONGEST].translate(_SPACES).strip().strip("*").strip()
    return read if len(line) <= LONGEST else f"{read}…"


class Role(StrEnum):
    """What a line of a quoted header tells."""

    FROM = "from"
    DATE = "date"
    TO = "to"
    CC = "cc"
    SUBJECT = "subject"


_NAMES = {
    Role.FROM: "de|from|von|expéditeur|exp|da|van",
    Role.DATE: "envoyé|envoyé le|envoyée|date|sent|gesendet|reçu|date d'envoi|datum|message du",
    Role.TO: "à|a|to|pour|an|destinataires?|reply-to|répondre à",
    Role.CC: "cc|cci|bcc|copie|copie à|copies?",
    Role.SUBJECT: "objet|subject|sujet|betreff|asunto",
}
_HEADER = re.compile(
    r"\*{0,2}(?:"
    + "|".join(f"(?P<{role}>{names})" for role, names in _NAMES.items())
    + r")\*{0,2} ?:(?: |\*|$)",
    re.I,
)
_ORANGE = re.compile(r"message du \d", re.I)
_REPLIED = re.compile(r"(?:a écrit|a ecrit|wrote|écrivait|schrieb|escribió|ha scritto|schreef) ?:$", re.I)
_DATED = re.compile(r"\d{1,2}[:hH]\d{2}|\d{4}|\d{1,2}[/.-]\d{1,2}[/.-]\d{2}|\S@\S")
_ATTRIBUTION = re.compile(r"(?:le|on|en date d[eu](?: ?:)?|am|el|il|op|at|au|à) ", re.I)
_ORIGINAL = re.compile(
    r"[-_=*~ ]{2,} ?(?:message d'origine|message original|mail original|message initial|e-?mail d'origine|"
    r"courriel original|courriel d'origine|original message|original e-?mail|reply message|"
    r"ursprüngliche nachricht|mensaje original|messaggio originale)[ -]*(?:[-_=*~]{2,}.*)?$",
    re.I,
)
_FORWARDED = re.compile(
    r"(?:[-_=*~ ]{2,} ?(?:message transféré|message réexpédié|mail transféré|forwarded message|"
    r"forwarded by .{1,100}|"
    r"weitergeleitete nachricht|mensaje reenviado|original message follows)[ -]*(?:[-_=*~]{2,}.*)?|"
    r"(?:début du message (?:réexpédié|transféré)|begin forwarded message|fin du message transféré) ?:?)$",
    re.I,
)
_RULE = re.compile(r"[_=*-][_=* -]{7,}$")
_MOBILE = re.compile(
    r"(?:envoyé|expédié|écrit) (?:de|depuis|à partir de|avec|par|via|du|à l'aide de) .{2,80}|"
    r"sent (?:from|via|with|using) (?:my|outlook|mail|yahoo|samsung|proton|a|the|an|gmail|iphone|"
    r"windows) ?.{0,80}|"
    r"(?:get|obtenez|obtenir|télécharger|téléchargez) outlook (?:for|pour) .{2,80}|"
    r"provenance : .{2,60}|von meinem .{2,40} gesendet|garanti sans virus.{0,60}|virus-free.{0,60}|"
    r"(?:cet e-?mail|ce message|this e-?mail|this message) (?:a été (?:vérifié|analysé)|has been "
    r"(?:checked|scanned)).{0,120}|l'absence de virus dans ce courrier.{0,120}",
    re.I,
)
_SIGN_OFF = re.compile(
    r"(?:bien |très |sincèrement |meilleures |sincères )?(?:cordialement|cordialemente|cdt|cdlt|salutations|"
    r"amicalement|respectueusement)(?: distinguées| à vous| à tous)?|bien à (?:vous|toi|tous)|"
    r"(?:je vous prie|veuillez) (?:d')?(?:agréer|recevoir|croire).{0,160}|"
    r"bonne (?:journée|soirée|fin de journée|réception)|(?:best|kind|warm|many thanks and|"
    r"with best) ?regards|"
    r"regards|sincerely|yours (?:sincerely|faithfully|truly)|cheers|mit freundlichen grüßen",
    re.I,
)
_NOTICE = re.compile(
    r"(?:ce (?:message|courriel|mail|courrier)(?: électronique)?(?: \([^()]{1,60}\))?,? "
    r"(?:et|est|peut|contient|ainsi|transmis)|this (?:message|e-?mail|communication)(?: message)? "
    r"(?:and|is|may|contains)|the information contained)\b"
    r".{0,250}(?:confidenti|destinataire|intended|privileged)",
    re.I,
)
_ADDED = re.compile(r"p\.? ?-?s\.?(?: |:|$)|n\.?b\.?(?: |:|$)|post-?scriptum", re.I)
_BELOW = re.compile(
    r"\b(?:(?:réponses?|commentaires?|remarques?|précisions?) (?:ci-dessous|plus bas|en (?:rouge|bleu|"
    r"vert|gras)|"
    r"dans (?:le|votre|ton) (?:texte|mail|message|corps))|(?:ci-dessous|en (?:rouge|bleu|vert)) (?:mes|"
    r"les|nos) rép|"
    r"(?:answers?|comments?|replies|responses?) (?:are )?(?:below|inline|in[- ]line|in (?:red|blue|green|"
    r"bold))|"
    r"(?:see|reply|replied|answered) (?:below|inline|in[- ]line))",
    re.I,
)


def header(line: str) -> Role | None:
    """The role of a line such as "Envoyé : lundi"; None for another line."""
    found = _HEADER.match(line)
    if found:
        return Role(str(found.lastgroup))
    return Role.DATE if _ORANGE.match(line) else None


def opens_attribution(line: str) -> bool:
    """Whether "Le … a écrit :" may begin here."""
    return bool(_ATTRIBUTION.match(line))


def attribution(joined: str) -> bool:
    """Whether these words, joined from their lines, say who wrote what follows, and when or from where."""
    return bool(_REPLIED.search(joined) and _DATED.search(joined))


def dated(line: str) -> bool:
    """Whether it holds a date, an hour or an address."""
    return bool(_DATED.search(line))


def announces(line: str) -> bool:
    """Whether a line followed by quoted ones announces them, in whatever language."""
    return line.endswith(":") and bool(_REPLIED.search(line) or _DATED.search(line))


def original(line: str) -> bool:
    """Whether it is "-----Message d'origine-----" or its like."""
    return bool(_ORIGINAL.match(line))


def forwarded(line: str) -> bool:
    """Whether it is "---------- Forwarded message ---------" or its like."""
    return bool(_FORWARDED.match(line))


def rule(line: str) -> bool:
    """Whether it is a line drawn across, as Outlook does above what it quotes."""
    return bool(_RULE.match(line))


def mobile(line: str) -> bool:
    """Whether it is what a telephone or a program signs with."""
    return bool(_MOBILE.fullmatch(line))


def sign_off(line: str) -> bool:
    """Whether it is the closing formula of a letter, alone on its line."""
    return bool(_SIGN_OFF.fullmatch(line.rstrip(" ,.!")))


def notice(line: str) -> bool:
    """Whether a paragraph of legal notice begins here."""
    return bool(_NOTICE.match(line))


def added(line: str) -> bool:
    """Whether it adds something after a signature ("PS : …")."""
    return bool(_ADDED.match(line))


def answers_below(text: str) -> bool:
    """Whether the writer says that the answers are among the quoted lines."""
    return bool(_BELOW.search(text[:4000]))
