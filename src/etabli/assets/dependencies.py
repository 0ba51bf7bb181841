"""What an asset depends on and what depends on it, drawn in layers by the server, and told as a list.

On the left, who uses it and what hangs on it; on the right, what it hangs on, then what that hangs on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from etabli.kernel import attachments, screens
from etabli.kernel.actors import Actor, can
from etabli.kernel.attachments import Link
from etabli.kernel.kept import kept
from etabli.kernel.screens import Panel

from .models import Asset
from .tones import TONES

BOX, TALL, GAP, ROW = 156, 48, 62, 64
MOST = 6  # boxes of a layer; the list below holds the others
DEEPEST = 8
STOPPED = """
WITH RECURSIVE hit(id, depth) AS (
  SELECT %(asset)s::bigint, 0
  UNION
  SELECT next.id, hit.depth + 1 FROM hit CROSS JOIN LATERAL (
    SELECT a.id FROM assets_asset a WHERE a.parent_id = hit.id
    UNION ALL
    SELECT l.object_id FROM kernel_link l WHERE l.organisation_id = %(organisation)s AND l.noun = 'asset'
       AND l.relation = 'depends' AND l.other_noun = 'asset' AND l.other_id = hit.id
  ) next WHERE hit.depth < %(deepest)s
) SELECT count(DISTINCT id) - 1 FROM hit
"""


@dataclass(frozen=True)
class Node:
    """An object beside the asset: what it is to it in words, and how it feels."""

    obj: Any
    url: str
    icon: str
    detail: str
    relation: str
    tone: str = ""

    @property
    def short(self) -> str:
        return _cut(str(self.obj), 16)

    @property
    def short_detail(self) -> str:
        return _cut(self.detail, 17)


@dataclass(frozen=True)
class Box:
    """A node where it is drawn."""

    node: Node
    x: int
    y: float
    here: bool = False


def panels(asset: Asset, actor: Actor) -> Iterable[Panel]:
    """Nothing for an asset that stands alone. A constant number of queries."""
    uses, needs = neighbours(asset, actor)
    further = beyond(needs, actor)
    if not needs and not any(isinstance(n.obj, Asset) for n in uses):
        return
    context = {**layout(asset, uses, needs, further), "uses": uses, "needs": needs, "impact": impact(asset)}
    yield Panel(_("Dependencies and impact"), template="assets/_dependencies.html", context=context)


def neighbours(asset: Asset, actor: Actor) -> tuple[list[Node], list[Node]]:
    """What uses the asset, and what it needs: person, parts and links of the objects the actor may see."""
    uses, needs = [], []
    if asset.person is not None and can(actor, "person.view", asset.person):
        uses.append(_node(asset.person, _("uses it"), asset.person.title))
    for part in asset.parts.select_related("kind", "model").order_by("name")[:50]:
        uses.append(_node(part, _("connected to it")))
    uses += [
        _node(guest, _("hosted by it"))
        for guest in _guests(asset, {n.obj.pk for n in uses if isinstance(n.obj, Asset)})
    ]
    if asset.parent_id and asset.parent is not None:
        parent = Asset.objects.select_related("kind", "model").get(pk=asset.parent_id)
        needs.append(_node(parent, _("connected to")))
    ends = kept(asset, attachments.links_of)
    found = _objects([(end.noun, end.object_id) for end in ends], actor)
    for end in ends:
        obj = found.get((end.noun, end.object_id))
        if obj is None:
            continue
        outwards = (end.link.noun, end.link.object_id) == ("asset", asset.pk)
        (needs if end.link.relation == "depends" and outwards else uses).append(_node(obj, str(end.label)))
    return uses, needs


def _guests(asset: Asset, known: set[int]) -> list[Asset]:
    """The assets of the machines it says it hosts, found by their UUID; those drawn already are left out."""
    told = [uuid.lower() for uuid in asset.hostedmachines.values_list("uuid", flat=True)[:50] if uuid]
    if not told:
        return []
    rows = Asset.objects.filter(organisation=asset.organisation_id, uuid__in=[*told, *map(str.upper, told)])
    return list(rows.exclude(pk__in=[*known, asset.pk]).select_related("kind", "model").order_by("name"))


def beyond(needs: Sequence[Node], actor: Actor) -> dict[int, list[Node]]:
    """What the assets of the first layer need in turn, by their id: two queries."""
    ids = [n.obj.pk for n in needs[:MOST] if isinstance(n.obj, Asset)]
    if not ids:
        return {}
    pairs = [(n.obj.pk, n.obj.parent_id) for n in needs if isinstance(n.obj, Asset) and n.obj.parent_id]
    rows = Link.objects.filter(noun="asset", object_id__in=ids, relation="depends", other_noun="asset")
    pairs += list(rows.values_list("object_id", "other_id"))
    found = Asset.objects.select_related("kind", "model").in_bulk([other for _one, other in pairs])
    made: dict[int, list[Node]] = {}
    for one, other in pairs:
        if other in found and can(actor, "asset.view", found[other]):
            made.setdefault(one, []).append(_node(found[other], _("depends on")))
    return made


def impact(asset: Asset) -> str:
    """How many assets stop with it, however far, in a sentence; empty when none does."""
    values = {"asset": asset.pk, "organisation": asset.organisation_id, "deepest": DEEPEST}
    with connection.cursor() as cursor:
        cursor.execute(STOPPED, values)
        count = int(cursor.fetchone()[0])
    if not count:
        return ""
    told = ngettext(
        "If %(name)s stops, %(n)s other asset is affected.",
        "If %(name)s stops, %(n)s other assets are affected.",
        count,
    )
    return told % {"name": asset, "n": count}


def layout(
    asset: Asset, uses: Sequence[Node], needs: Sequence[Node], further: dict[int, list[Node]]
) -> dict[str, Any]:
    """Boxes and curves: layers from left to right, each centred on the tallest."""
    last = list({n.obj.pk: n for nodes in further.values() for n in nodes}.values())
    layers = [list(uses[:MOST]), [_node(asset, "")], list(needs[:MOST]), last[:MOST]]
    height = max(len(layer) for layer in layers) * ROW + 8
    placed: list[list[Box]] = []
    left = 0
    for number, layer in enumerate(layers):
        if not layer:
            placed.append([])
            continue
        top = (height - len(layer) * ROW) / 2 + (ROW - TALL) / 2
        placed.append([Box(n, left + 4, top + i * ROW, here=number == 1) for i, n in enumerate(layer)])
        left += BOX + GAP
    here = placed[1][0]
    curves = [_curve(box, here) for box in placed[0]] + [_curve(here, box) for box in placed[2]]
    for box in placed[2]:
        targets = {n.obj.pk for n in further.get(getattr(box.node.obj, "pk", 0), [])}
        curves += [_curve(box, end) for end in placed[3] if end.node.obj.pk in targets]
    boxes = [box for layer_boxes in placed for box in layer_boxes]
    hidden = max(0, len(uses) - MOST) + max(0, len(needs) - MOST)
    return {"boxes": boxes, "curves": curves, "width": left - GAP + 8, "height": height, "hidden": hidden}


def _curve(one: Box, other: Box) -> str:
    x1, y1, x2, y2 = one.x + BOX, one.y + TALL / 2, other.x, other.y + TALL / 2
    middle = (x1 + x2) / 2
    return f"M{x1} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2} {y2:g}"


def _node(obj: Any, relation: str, detail: str = "") -> Node:
    screen = screens.registry[type(obj)]
    if isinstance(obj, Asset):
        detail = str(obj.model or obj.kind)
        return Node(obj, screen.url(obj), obj.kind.icon, detail, relation, TONES.get(obj.state, ""))
    return Node(obj, screen.url(obj), screen.icon, detail or screen.singular, relation)


def _objects(ends: Sequence[tuple[str, int]], actor: Actor) -> dict[tuple[str, int], Any]:
    """The linked objects that the actor may see: one query for each noun among them."""
    found: dict[tuple[str, int], Any] = {}
    for noun in dict.fromkeys(noun for noun, _id in ends):
        screen = screens.by_noun(noun)
        if screen is None:
            continue
        wanted = Q(pk__in=[pk for one, pk in ends if one == noun])
        rows = screen.rows(actor).filter(wanted)
        rows = rows.select_related("kind", "model") if noun == "asset" else rows
        found |= {(noun, obj.pk): obj for obj in rows if can(actor, screen.verb("view"), obj)}
    return found


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
