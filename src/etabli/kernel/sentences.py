"""Sentences kept in the database and said in the language of whoever reads them.

What is stored is the English message and its values; reading the column gives the sentence in the active
language.
"""

import json
from typing import Any

from django.db import models
from django.utils.translation import gettext

_VALUES, _NEXT = "\x1f", "\x1e"


class Sentence(str):
    """A sentence in the language active when it was made or read; ``stored`` is what the database keeps."""

    stored: str

    def __new__(cls, stored: str) -> "Sentence":
        made = super().__new__(cls, " ".join(_said(part) for part in stored.split(_NEXT) if part))
        made.stored = stored
        return made

    def __getnewargs__(self) -> tuple[str]:
        return (self.stored,)


def sentence(message: str, **values: Any) -> Sentence:
    """A sentence from an English message (gathered like those of gettext) and the values of its
    ``%(name)s``.
    """
    told = json.dumps({name: str(value) for name, value in values.items()}, ensure_ascii=False)
    return Sentence(f"{message}{_VALUES}{told}" if values else message)


def joined(*sentences: str) -> Sentence:
    """Several sentences as one, each said in the reader's language. Plain texts are kept as they are."""
    return Sentence(_NEXT.join(stored_of(one) for one in sentences if one))


def stored_of(text: str) -> str:
    return text.stored if isinstance(text, Sentence) else text


def _said(part: str) -> str:
    message, _sign, told = part.partition(_VALUES)
    try:
        return gettext(message) % json.loads(told) if told else gettext(message)
    except (ValueError, KeyError, TypeError):  # cut, or written by another version
        return message


class SentenceField(models.CharField):
    """A column of sentences, cut at its length."""

    def from_db_value(self, value: str | None, *_context: Any) -> Sentence | None:
        return None if value is None else Sentence(value)

    def value_to_string(self, obj: Any) -> str:
        """As it is stored: what is written down elsewhere is still said in the reader's language later."""
        value = self.value_from_object(obj)
        return stored_of(value) if isinstance(value, str) else ""

    def to_python(self, value: Any) -> Any:
        return Sentence(value) if type(value) is str else value

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        text = stored_of(text) if isinstance(text, str) else text
        return text[: self.max_length] if isinstance(text, str) and self.max_length else text
