"""Telling a mere thank-you, which reopens nothing, from a message that says something more."""

import re

from .trimming import SIGNATURE, trim

_MOST_WORDS = 14
_THANKS = {"merci", "mercis", "thanks", "thank", "thx", "remercie", "remercions", "remerciements"}
# Every word must be among these: "merci, mais ça ne marche plus" holds four that are not.
_POLITE = _THANKS | {
    "bonjour", "bonsoir", "salut", "hello", "hi", "coucou", "monsieur", "madame", "messieurs", "mesdames",
    "a", "à", "tous", "toutes", "vous", "toi", "te", "je", "nous", "en", "de", "la", "le", "les", "l", "du",
    "des", "d", "un", "une", "pour", "votre", "ton", "ta", "vos", "tes", "aide", "retour", "réponse",
    "intervention", "réactivité", "rapidité", "efficacité", "travail", "support", "beaucoup", "bien", "bcp",
    "infiniment", "encore", "mille", "grand", "vraiment", "sincèrement", "très", "trop", "si", "et", "ok",
    "okay", "oki", "d'accord", "accord", "entendu", "noté", "reçu", "c'est", "cest", "est", "ce", "c",
    "parfait", "parfaitement", "super", "nickel", "top", "génial", "bon", "bonne", "journée", "soirée",
    "cordialement", "impeccable", "excellent", "bravo", "ça", "ca", "marche", "fonctionne", "réglé", "résolu",
    "réparé", "tout", "oui", "you", "so", "much", "very", "many", "for", "your", "the", "help", "great",
    "perfect", "it", "works", "fixed", "now", "all", "good", "quick", "reply", "that's", "awesome", "again",
    "lot", "job", "dear", "team", "équipe", "well", "done", "fast", "answer", "yes", "received", "noted",
    "got", "everyone", "have", "nice", "day", "best", "regards", "kind", "cheers",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_SAYS_MORE = re.compile(r"[?\d]|https?:|@")


def only_thanks(text: str) -> bool:
    """Whether the writer's own words, without signature, only thank."""
    if len(text) > 600:
        return False
    own = "".join(part.text for part in trim(text).parts if part.kind != SIGNATURE)
    words = [word.lower() for word in _WORD.findall(own.replace("’", "'"))]
    if not words or len(words) > _MOST_WORDS or _SAYS_MORE.search(own):
        return False
    known = all(word in _POLITE or all(piece in _POLITE for piece in word.split("'")) for word in words)
    return known and any(word in _THANKS for word in words)
