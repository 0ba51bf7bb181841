"""What the tests of importers share: the samples, and a file brought in whole."""

import os
from pathlib import Path

import pytest

from etabli.assets.models import Asset
from etabli.kernel.events import Event
from etabli.kernel.screens import by_slug, registry
from etabli.kernel.screens.importing import actions
from etabli.kernel.screens.importing.models import Import

NOTHING = {"create": 0, "update": 0, "error": 0}


def sample(name: str) -> bytes:
    root = os.environ.get("ETABLI_CORPUS")
    if not root:
        pytest.skip("ETABLI_CORPUS is not set: no samples of Snipe-IT to read")
    path = Path(root) / "import" / "snipe-it" / name
    if not path.is_file():
        pytest.skip(f"ETABLI_CORPUS has no {path}")
    return path.read_bytes()


def begun(anne, content: bytes, name: str = "file", **changes) -> Import:
    made = actions.begin(
        registry[Asset], content=content, name=name, organisation_id=next(iter(anne.places)), actor=anne
    )
    for field, value in changes.items():
        setattr(made, field, value)
    made.save()
    actions.check(made, by_slug(made.slug), anne)
    return made


def brought(anne, content: bytes, name: str = "file", **changes) -> Import:
    made = begun(anne, content, name, **changes)
    seen = dict(made.counts)
    actions.commit(made, by_slug(made.slug), anne)
    assert made.counts == seen, "the preview said something else"
    return made


def again_changes_nothing(anne, content: bytes, **changes) -> None:
    events = Event.objects.count()
    made = brought(anne, content, **changes)
    assert {k: made.counts[k] for k in NOTHING} == NOTHING | {"error": made.counts["error"]}
    assert made.findings["also"] == []
    assert Event.objects.count() == events
