"""Run as a program beside the sample companies: adds the rare states that pages must also show, prints what is where.

Its answer, a line of JSON, gives the number of an object for each word that ``pages.py`` uses, the names journeys look
for, and the session of a technician and of an administrator.
"""

import io
import json
import os
import time
from datetime import timedelta
from typing import Any

import django

ADMINISTRATOR, TECHNICIAN = "nora@demo.example", "lea@demo.example"
# The file to import: a good row, and a kind that does not exist.
SHEET = "Nom;Type;Numéro de série\nPC-9001;Ordinateur portable;ZZ9001\nPC-9002;Soucoupe;ZZ9002\n"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "etabli.project.settings")
    django.setup()
    from django.db import connection, transaction

    from etabli.kernel.organisations import Organisation
    from etabli.kernel.tenancy import opening, scope

    with opening():
        visible = list(Organisation.objects.values_list("pk", flat=True))
    with transaction.atomic(), scope(*visible):
        print(json.dumps({"ids": ids(), "names": names(), "sessions": sessions()}))
    connection.close()


def ids() -> dict[str, int]:
    """A number for each word between braces in the addresses of ``pages.py``."""
    return {**found(), **made()}


def found() -> dict[str, int]:
    """What the sample companies already have."""
    from django.db.models import F

    from etabli.assets.models import (
        Asset,
        AssetChange,
        AssetKind,
        AssetModel,
        Booking,
        Kit,
        Loan,
        Manufacturer,
        Pool,
        Position,
        Slip,
    )
    from etabli.inventory.models import Agent, Document, Enrolment
    from etabli.kernel.attachments import Tag
    from etabli.kernel.calendars import Calendar, Holiday
    from etabli.kernel.events import Event
    from etabli.kernel.organisations import Membership, Organisation, Role
    from etabli.people.models import Building, Floor, OrgUnit, Rack, Room, Site, Subnet, Team

    laptop = (
        Asset.objects.filter(kind__key="laptop", person__isnull=False, volumes__isnull=False)
        .order_by("name")
        .first()
    )
    bare = Asset.objects.filter(kind__key="monitor").order_by("name").first()
    change = AssetChange.objects.order_by("pk").first()
    missing = Asset.objects.filter(missing_since__isnull=False).order_by("pk").first()
    warned = Document.objects.exclude(warnings=[]).order_by("pk").first()
    rest = {
        "kind": AssetKind, "model": AssetModel, "manufacturer": Manufacturer, "agent": Agent, "enrolment": Enrolment, "tag": Tag,
        "calendar": Calendar, "event": Event, "holiday": Holiday, "membership": Membership, "organisation": Organisation,
        "role": Role, "building": Building, "floor": Floor, "unit": OrgUnit, "rack": Rack, "room": Room, "site": Site, "team": Team, "subnet": Subnet,
        "booking": Booking, "pool": Pool,
    }  # fmt: skip
    late = Loan.objects.filter(returned_on=None).order_by("due_on", "pk").first()
    return {
        "kit": Kit.objects.exclude(items=None).order_by("pk").first().pk,
        "loan": late.pk, "lent": late.asset_id, "borrower": late.person_id,
        "stored": Asset.objects.filter(state="in_stock", person=None).order_by("pk").first().pk,
        "slip_waiting": Slip.objects.filter(signed_at=None).order_by("pk").first().pk,
        "slip_signed": Slip.objects.exclude(signed_at=None).order_by("pk").first().pk,
        "asset": laptop.pk, "monitor": bare.pk, "person": laptop.person_id, "document": warned.pk,
        "change": change.pk, "changed": change.asset_id, "missing": missing.pk,
        "traveller": Position.objects.filter(source="subnet").exclude(site=F("asset__site")).order_by("pk").first().asset_id,
        "server": Asset.objects.filter(placement__isnull=False, kind__key="server").order_by("pk").first().pk,
        "suggested": Document.objects.filter(decision="suggested").order_by("pk").first().pk,
        **{word: first(model) for word, model in rest.items()},
    }  # fmt: skip


def first(model: Any) -> int:
    one = model.objects.order_by("pk").first()
    return int(one.pk) if one else 0


def made() -> dict[str, int]:
    """Long works in three states, an import at each step, what programs use, a notification."""
    from etabli.kernel.accounts import Account
    from etabli.kernel.actors import actor_of
    from etabli.kernel.organisations import Organisation
    from etabli.kernel.tenancy import scope

    account = Account.objects.get(email=ADMINISTRATOR)
    place = Organisation.objects.filter(kind="provider").order_by("pk").first()
    with scope(place.pk):
        actor = actor_of(account)
        return {
            **jobs(place, actor),
            **imports(place, actor),
            **programs(place, account, actor),
            **agents(place),
            **personal(account, actor),
            **counted(place, account, actor),
            **stock(place),
        }


def jobs(place: Any, actor: Any) -> dict[str, int]:
    from django.utils import timezone

    from etabli.kernel.jobs import Job

    now = timezone.now()
    log = [
        {"at": (now - timedelta(seconds=n)).isoformat(timespec="seconds"), "text": f"SRV-{n:02} contrôlé"}
        for n in (50, 30, 10)
    ]
    common = {
        "organisation": place,
        "actor": actor.label,
        "name": "sample",
        "started_at": now - timedelta(minutes=1),
        "log": log,
    }
    steps = ["Lire le fichier", "Écrire les lignes"]
    running = Job.objects.create(
        title="Contrôle des serveurs", state="running", steps=steps, done=34, total=90, **common
    )
    done = Job.objects.create(
        title="Import de postes.csv", state="done", steps=steps, ended_at=now, done=90, total=90, **common
    )
    failed = Job.objects.create(
        title="Import de sites.csv",
        state="failed",
        steps=steps,
        ended_at=now,
        result={"error": "Ligne 3"},
        **common,
    )
    return {"job_running": running.pk, "job_done": done.pk, "job_failed": failed.pk}


def imports(place: Any, actor: Any) -> dict[str, int]:
    from etabli.kernel import screens
    from etabli.kernel.screens.importing import actions

    screen = screens.by_slug("assets")
    stages = [
        actions.begin(
            screen, content=SHEET.encode(), name="postes.csv", organisation_id=place.pk, actor=actor
        )
        for _ in range(3)
    ]
    for one in stages[1:]:
        actions.check(one, screen, actor)
    stages[2].state = "undone"
    stages[2].save(update_fields=["state"])
    return {"import_mapping": stages[0].pk, "import_preview": stages[1].pk, "import_undone": stages[2].pk}


def programs(place: Any, account: Any, actor: Any) -> dict[str, int]:
    from django.utils import timezone

    from etabli.kernel import tokens
    from etabli.kernel.events import Event
    from etabli.kernel.webhooks import Webhook, WebhookDelivery

    hook = Webhook.objects.create(organisation=place, url="https://relais.example/etabli", verbs=["asset.*"])
    event = Event.objects.filter(organisation=place).order_by("pk").first()
    sent = WebhookDelivery.objects.create(
        organisation=place, webhook=hook, event=event, state="failed", attempt=3, status=502, response="Bad gateway",
        sent_at=timezone.now(), duration=812,
    )  # fmt: skip
    token, _text = tokens.create(
        account=account,
        name="Supervision",
        scopes=["*.view"],
        organisation=place.pk,
        expires_at=None,
        actor=actor,
    )
    return {"webhook": hook.pk, "delivery": sent.pk, "token": token.pk}


def agents(place: Any) -> dict[str, int]:
    """An agent that gives cause for doubt, servers read by SSH in two states, a database login."""
    from django.utils import timezone

    from etabli.inventory.models import Agent, DatabaseCredential, SshTarget
    from etabli.kernel.sentences import sentence

    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILkHwavxrzq2P3NibAkj4fcb+wwSdTxUfRQx19b+Zsly"
    now, reason = (
        timezone.now(),
        "The server shows the host key %(key)s: compare it with the one the server tells, and accept it.",
    )
    told = sentence("“%(older)s” and “%(newer)s” both report for %(asset)s: two agents are installed on it, or two "
                    "systems start in turn. Remove the one too many from the machine, then forget it here.",
                    older="pc-0412-2024", newer="pc-0412-2026", asset="PC-0412")  # fmt: skip
    doubtful = Agent.objects.create(
        organisation=place, deviceid="pc-0412-2024", name="GLPI-Agent", version="1.7.1", seen_at=now, doubt="duplicated",
        doubt_reason=told, expected_at=now - timedelta(hours=1), contacts=[f"{int(now.timestamp())} inventory 10.4.0.12"],
    )  # fmt: skip
    common = {"organisation": place, "login": "inventaire", "password": "x", "tried_at": now}
    failed = SshTarget.objects.create(
        name="SRV-WEB-01", host="10.4.0.20", result="failed", host_key=key,
        reason=sentence("There is no python3 on this server: install Python 3.8 or later, or an agent."), **common,
    )  # fmt: skip
    asked = SshTarget.objects.create(
        name="SRV-BDD-01", host="10.4.0.21", result="asked", offered_key=key, reason=sentence(reason, key="SHA256:…"), **common
    )  # fmt: skip
    login = DatabaseCredential.objects.create(
        organisation=place,
        name="MariaDB des sites",
        engine="mysql",
        login="inventaire",
        password="x",
        port=3306,
    )
    return {
        "agent_doubtful": doubtful.pk,
        "ssh_failed": failed.pk,
        "ssh_asked": asked.pk,
        "database_login": login.pk,
    }


def personal(account: Any, actor: Any) -> dict[str, int]:
    from etabli.kernel.customfields import CustomField
    from etabli.kernel.notifications import notify
    from etabli.kernel.savedviews import SavedView
    from etabli.people.models import Floor

    notify(
        [account],
        kind="job.ended",
        title="Import de postes.csv · terminé",
        text="18 créés, 2 changés.",
        url="/jobs/",
    )
    place = {"organisation_id": actor_place()}
    field = CustomField.objects.create(noun="asset", key="contrat", label="Contrat", kind="text", **place)
    view = SavedView.objects.create(screen="assets", name="Portables de Rouen", query="q=rouen", **place)
    floor = Floor.objects.exclude(plan=None).order_by("pk").first() or Floor.objects.filter(**place).first()
    return {"field": field.pk, "view": view.pk, "floor_plan": floor.pk}


def counted(place: Any, account: Any, actor: Any) -> dict[str, Any]:
    """A room being counted with a line of each kind, one that is closed, a basket and a photo."""
    from etabli.assets import counting, photos, scanning
    from etabli.assets.models import Asset, Stocktake
    from etabli.kernel.actors import actor_of
    from etabli.kernel.screens import by_noun
    from etabli.kernel.screens.forms import form_class
    from etabli.people.models import Room, Site

    screen: Any = by_noun("stocktake")

    def start(room: Any) -> Any:
        form = form_class(screen)({"room": room.pk, "organisation": place.pk}, actor=actor)
        assert form.is_valid(), form.errors
        return screen.save(form, actor)

    assets = list(
        Asset.objects.filter(organisation=place, state="in_service")
        .exclude(kind__key="vm")
        .order_by("name")[:8]
    )
    site = Site.objects.filter(organisation=place).order_by("pk").first()
    room, other = (
        Room.objects.create(name=name, site=site) for name in ("Salle de formation", "Réserve du fond")
    )
    for number, asset in enumerate(assets):
        Asset.objects.filter(pk=asset.pk).update(
            tag=asset.tag or f"INV-9{number:03}", site=site, room=room if number < 5 else other, rack=None
        )
        asset.refresh_from_db()
    closed = start(other)
    counting.count(closed, assets[5].tag, actor=actor)
    counting.close(closed, actor=actor)
    opened = start(room)
    for code in (assets[0].tag, assets[1].tag, assets[6].tag, "INCONNU-1"):
        counting.count(opened, code, actor=actor)
    for asset in assets[:3]:
        scanning.keep(asset, actor=actor)
        scanning.keep(asset, actor=actor_of(type(account).objects.get(email=TECHNICIAN)))
    from PIL import Image

    drawn = io.BytesIO()
    Image.new("RGB", (640, 400), "#b8c4cc").save(drawn, "PNG")
    body = drawn.getvalue()
    photo = photos.add_photo(
        assets[0], io.BytesIO(body), size=len(body), name="vue.png", caption="Façade du poste", actor=actor
    )
    return {
        "stocktake": opened.pk,
        "stocktake_closed": Stocktake.objects.get(pk=closed.pk).pk,
        "counted": opened.lines.order_by("pk").first().pk,
        "scanned": assets[0].tag,
        "scanned_name": assets[0].name,
        "photo_asset": assets[0].pk,
        "awaited": [a.tag for a in assets[2:5]],
        "elsewhere": assets[7].tag,
        "photo": photo.pk,
    }


def stock(place: Any) -> dict[str, int]:
    """An article to be ordered again, and a licence with its key."""
    from etabli.assets.models import Licence, StockItem

    article = StockItem.objects.create(
        organisation=place, name="Toner noir TN-2420", family="consumable", quantity=1, minimum=4
    )
    licence = Licence.objects.create(
        organisation=place, name="Suite bureautique", product_key="AAAAA-BBBBB", seats=25
    )
    return {"stock_item": article.pk, "licence": licence.pk}


def actor_place() -> int:
    from etabli.kernel.tenancy import the_organisation

    return int(the_organisation() or 0)


def names() -> dict[str, str]:
    """What journeys type and read."""
    from etabli.assets.models import Asset

    asset = (
        Asset.objects.filter(kind__key="laptop", person__isnull=False, volumes__isnull=False)
        .order_by("name")
        .first()
    )
    return {"asset": asset.name, "serial": asset.serial, "person": str(asset.person)}


def sessions() -> dict[str, str]:
    """A session key for each of two people, as if they had logged in."""
    from allauth.account.models import EmailAddress
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from etabli.kernel.accounts import Account

    opened = {}
    for word, email in (("administrator", ADMINISTRATOR), ("technician", TECHNICIAN)):
        account = Account.objects.get(email=email)
        # A second factor is only offered to somebody whose address is verified.
        EmailAddress.objects.update_or_create(
            user=account, email=email, defaults={"verified": True, "primary": True}
        )
        session = SessionStore()
        session[SESSION_KEY] = str(account.pk)
        session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
        session[HASH_SESSION_KEY] = account.get_session_auth_hash()
        # As if the password had just been given again, for the pages that ask for it (allauth's own records).
        again = {"method": "password", "reauthenticated": True, "at": time.time() + 3600}
        session["account_authentication_methods"] = [again]
        session["account_authentication_methods_user"] = str(account.pk)
        session.create()
        opened[word] = str(session.session_key)
    return opened


if __name__ == "__main__":
    main()
