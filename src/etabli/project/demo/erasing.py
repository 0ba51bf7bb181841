"""Erasing organisations with every row that belongs to them: tables are found by walking the models."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection, models
from django.db.models import Q

from etabli.inventory.models import AccessToken, Enrolment
from etabli.kernel.files import File, path_of
from etabli.kernel.organisations import Organisation
from etabli.kernel.tenancy import OrganisationModel, SharedModel, everywhere, opening
from etabli.people.actions import MAKER, move_organisation


def erase(organisations: list[int], accounts: models.QuerySet[Any]) -> dict[str, int]:
    """Delete these organisations, what belongs to them, and these accounts; returns rows deleted by table.

    One transaction in their scope. Foreign keys are checked at its end, so the order of tables does not
    matter; rows
    of other organisations cannot point into these, their keys hold the organisation.
    """
    _hang_elsewhere(organisations)
    counts: dict[str, int] = {}
    contents = set(File.objects.filter(organisation__in=organisations).values_list("sha256", flat=True))
    AccessToken.objects.filter(
        enrolment_id__in=list(
            Enrolment.objects.filter(organisation__in=organisations).values_list("pk", flat=True)
        )
    ).delete()
    _forget_jobs(organisations)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.erasing', 'on', true)")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table, where in _statements():
            cursor.execute(f"DELETE FROM {table} WHERE {where}", [organisations])  # noqa: S608 - names of our own tables
            counts[table] = counts.get(table, 0) + max(0, cursor.rowcount)
        cursor.execute("SELECT set_config('app.erasing', '', true)")
    with opening():
        counts["kernel_organisation"] = (
            Organisation.objects.filter(pk__in=organisations)._raw_delete("default") or 0
        )
    _delete_accounts(accounts)
    _drop_contents(contents)
    return {table: number for table, number in counts.items() if number}


def _statements() -> Iterator[tuple[str, str]]:
    """Rows that hang on an organisation's rows without saying whose they are, then the organisations' own
    rows.
    """
    owned = [
        m for m in apps.get_models() if m._meta.managed and issubclass(m, OrganisationModel | SharedModel)
    ]
    tables = {m: connection.ops.quote_name(m._meta.db_table) for m in apps.get_models()}
    for model in apps.get_models():
        if model in owned or not model._meta.managed or model is Organisation:
            continue
        for field in model._meta.local_concrete_fields:
            if field.is_relation and field.related_model in owned:
                table = tables[field.related_model]
                inside = f"SELECT id FROM {table} WHERE organisation_id = ANY (%s)"  # noqa: S608 - our own tables
                yield tables[model], f"{connection.ops.quote_name(str(field.column))} IN ({inside})"
    yield from ((tables[model], "organisation_id = ANY (%s)") for model in owned)


def _hang_elsewhere(organisations: list[int]) -> None:
    """A real organisation that somebody put under a sample one goes to the top: it must not disappear with
    it.
    """
    with everywhere(because="children of the sample organisations are other organisations"):
        for child in Organisation.objects.filter(Q(parent__in=organisations) & ~Q(pk__in=organisations)):
            move_organisation(organisation=child, parent=None, actor=MAKER)


def _forget_jobs(organisations: list[int]) -> None:
    """Waiting jobs that would only find an organisation gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM procrastinate_jobs WHERE status = 'todo' AND ("
            "  (args ->> 'organisation')::bigint = ANY (%s) OR"
            "  (jsonb_array_length(coalesce(args -> 'scope', '[]')) > 0"
            "   AND args -> 'scope' <@ to_jsonb(%s::bigint[])))",
            [organisations, organisations],
        )


def _delete_accounts(accounts: models.QuerySet[Any]) -> None:
    """Elsewhere what they wrote stays, signed by their name."""
    with everywhere(because="an account may have left its mark in any organisation"):
        accounts.delete()


def _drop_contents(contents: set[str]) -> None:
    """Files on disk that nobody refers to any more."""
    with everywhere(because="a content is shared by all the organisations that stored it"):
        kept = set(File.objects.filter(sha256__in=contents).values_list("sha256", flat=True))
    for sha256 in contents - kept:
        default_storage.delete(path_of(sha256))
