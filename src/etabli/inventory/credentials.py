"""The logins by which agents read databases (GLPI Agent protocol, GET_PARAMS): announced in a contact, served
one by one.

A password leaves over TLS only, to an agent that this organisation knows under that key, for the engine the
login is for; each time is an event. Everything else gets the protocol's error, and logs get nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from etabli.kernel.actors import Actor
from etabli.kernel.events import publish
from etabli.kernel.secrets import KeyMissing

from . import answers
from .answers import Answer
from .messages import GetParams
from .models import Agent, DatabaseCredential, Enrolment

LATELY = timedelta(days=1)


def announced(enrolment: Enrolment) -> Sequence[dict[str, str]]:
    """The logins the agents of a key may ask for. Agents want `use[<id>]` beside `use`."""
    rows = _of(enrolment).order_by("pk").values_list("pk", "engine")
    return [
        {"category": "database", "params_id": str(key), "use": engine, f"use[{key}]": engine}
        for key, engine in rows
    ]


def serve(message: GetParams, enrolment: Enrolment, *, secure: bool, now: datetime) -> Answer:
    """The login an agent asks for, or why it does not get it."""
    if not secure:
        return _refused(message, "Credentials are only given over TLS: use an https address.")
    agent = _agent(message, enrolment, now)
    if agent is None:
        return _refused(message, "Credentials are only given to an agent whose contact was received today.")
    key = int(message.params_id) if message.params_id.isdecimal() and len(message.params_id) < 19 else 0
    one = _of(enrolment).filter(pk=key, engine=message.use.lower()).first()
    if one is None:
        return _refused(message, "There is no such login for this agent.")
    try:
        password = one.password.unseal()
    except KeyMissing:
        return _refused(message, "This login cannot be read on the server. Enter its password again there.")
    told = {"deviceid": agent.deviceid, "agent": agent.pk, "text": agent.deviceid}
    publish(one, "databasecredential.served", actor=_as_actor(agent), extra=told)
    found = {"type": "login_password", "login": one.login, "password": password}
    place = {"host": one.host, "port": str(one.port or ""), "socket": one.socket}
    return answers.credentials(message, found=[found | {k: v for k, v in place.items() if v}])


def _agent(message: GetParams, enrolment: Enrolment, now: datetime) -> Agent | None:
    """The agent that asks: known by both its names, and come with this very key within a day."""
    if message.agent_id is None:
        return None
    rows = Agent.objects.filter(
        organisation=enrolment.organisation_id,
        enrolment=enrolment,
        deviceid=message.deviceid,
        uuid=str(message.agent_id),
        seen_at__gt=now - LATELY,
    )
    return rows.first()


def _of(enrolment: Enrolment) -> QuerySet[DatabaseCredential]:
    own = Q(enrolment=None) | Q(enrolment=enrolment)
    return DatabaseCredential.objects.filter(own, organisation=enrolment.organisation_id)


def _as_actor(agent: Agent) -> Actor:
    return Actor(account_id=None, label=agent.deviceid, source="agent")


def _refused(message: GetParams, reason: str) -> Answer:
    return answers.refused(message, status=403, message=reason)
