"""Mappings remembered: an organisation matches the columns of a kind of file once."""

from collections.abc import Mapping
from typing import Any

from .models import ImportMapping
from .targets import signature


def recall(part: dict[str, Any], *, source: str, organisation_id: int) -> bool:
    """Put what was chosen last time for the same header into a part; whether there was something."""
    found = ImportMapping.objects.filter(
        organisation=organisation_id, slug=part["slug"], source=source, signature=signature(part["header"])
    ).first()
    if found is None or len(found.mapping) != len(part["header"]):
        return False
    part["mapping"], part["days"] = list(found.mapping), found.days
    part["words"] = merged(part["words"], found.words)
    return True


def keep(part: Mapping[str, Any], *, source: str, organisation_id: int) -> None:
    """Remember the choices of a part."""
    ImportMapping.objects.update_or_create(
        organisation_id=organisation_id,
        slug=part["slug"],
        source=source,
        signature=signature(part["header"]),
        defaults={"mapping": part["mapping"], "words": part["words"], "days": part["days"]},
    )


def merged(words: Mapping[str, Mapping[str, str]], more: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Words with others over them, target by target."""
    return {n: {**words.get(n, {}), **more.get(n, {})} for n in {*words, *more}}
