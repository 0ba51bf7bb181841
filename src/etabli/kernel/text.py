"""Accent-free, case-free text: the one way names are sorted and searched, here and in the database."""

import re
import unicodedata

from django.db.models import CharField, Func


class Plain(Func):
    """SQL ``plain(x)``: unaccent + lower, immutable, so that indexes can use it."""

    function = "plain"
    output_field = CharField()


PLAIN_SQL = """
CREATE OR REPLACE FUNCTION plain(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT lower(public.unaccent('public.unaccent'::regdictionary, $1))
$$;
"""


def plain(text: str) -> str:
    """The same in Python: « Élan-Œuvre » → « elan-oeuvre »."""
    text = text.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae").replace("Æ", "AE").replace("ß", "ss")
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()


def words(text: str) -> list[str]:
    """The words somebody typed in a search box, plain, with LIKE's own signs escaped; at most eight."""
    found = re.split(r"\s+", plain(text).replace("\0", "").strip())
    return [re.sub(r"([\\%_])", r"\\\1", word) for word in found if word][:8]
