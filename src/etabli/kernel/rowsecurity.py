"""Installs row-level security and same-organisation foreign keys; runs after each migration, and checks at
start.

Two facts of PostgreSQL shape it. The policy calls its function through a sub-select, so that it is computed
once a
statement and not once a row. Foreign keys ignore policies, so each one between two organisations' tables is
doubled
by a composite key ``(organisation_id, x_id)``; a key towards a shared catalogue is checked by a trigger
instead.
"""

from collections.abc import Iterator

from django.apps import apps
from django.db import connection, models

from .organisations import Organisation
from .tenancy import Catalogue, OrganisationModel, SharedModel, UpwardKey

FUNCTIONS = """
CREATE OR REPLACE FUNCTION app_organisations() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(string_to_array(nullif(current_setting('app.organisations', true), ''), ',')::bigint[],
  '{}')
$$;
CREATE OR REPLACE FUNCTION app_opening() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(current_setting('app.opening', true), '') = 'on'
$$;
CREATE OR REPLACE FUNCTION app_same_organisation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE found_it boolean; wanted bigint := (to_jsonb(NEW) ->> TG_ARGV[1])::bigint;
BEGIN
  IF wanted IS NULL THEN RETURN NEW; END IF;
  EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I WHERE id = $1 AND (organisation_id IS NULL OR
  organisation_id = $2))',
                 TG_ARGV[0]) INTO found_it USING wanted, (to_jsonb(NEW) ->> 'organisation_id')::bigint;
  IF NOT found_it THEN
    RAISE foreign_key_violation USING MESSAGE = format('%s %s belongs to another organisation', TG_ARGV[0],
    wanted);
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION app_above() RETURNS bigint[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg(DISTINCT one), '{}') FROM kernel_organisation, unnest(path) one
   WHERE id = ANY (app_organisations())
$$;
CREATE OR REPLACE FUNCTION app_upward() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  found_it boolean; lineage bigint[];
  seen text := coalesce(current_setting('app.organisations', true), '');
  wanted bigint := (to_jsonb(NEW) ->> TG_ARGV[1])::bigint;
  owner bigint := (to_jsonb(NEW) ->> 'organisation_id')::bigint;
BEGIN
  IF wanted IS NULL THEN RETURN NEW; END IF;
  SELECT path INTO lineage FROM kernel_organisation WHERE id = owner;
  -- The row above may be outside the scope of the work: it is looked up there and nowhere else.
  PERFORM set_config('app.organisations', array_to_string(lineage, ','), true);
  EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I WHERE id = $1 AND organisation_id = ANY ($2))', TG_ARGV[0])
     INTO found_it USING wanted, lineage;
  PERFORM set_config('app.organisations', seen, true);
  IF NOT found_it THEN
    RAISE foreign_key_violation USING MESSAGE =
      format('%s %s belongs to an organisation that is not above %s', TG_ARGV[0], wanted, owner);
  END IF;
  RETURN NEW;
END $$;
"""
OWN = "organisation_id = ANY ((SELECT app_organisations())::bigint[])"
ABOVE = f"{OWN} OR organisation_id = ANY ((SELECT app_above())::bigint[])"
DOOR = f"{OWN} OR (SELECT app_opening())"
SHARED_READ = f"organisation_id IS NULL OR {OWN} OR (SELECT app_opening())"
ITSELF = "id = ANY ((SELECT app_organisations())::bigint[]) OR (SELECT app_opening())"


def protected_models() -> Iterator[tuple[type[models.Model], str, str]]:
    """Each model under row-level security, with its reading and its writing condition."""
    for model in apps.get_models():
        if not model._meta.managed or model._meta.proxy:
            continue
        if model is Organisation:
            yield model, ITSELF, ITSELF
        elif issubclass(model, Catalogue):
            yield model, ABOVE, OWN
        elif issubclass(model, OrganisationModel):
            condition = DOOR if model.door else OWN
            yield model, condition, condition
        elif issubclass(model, SharedModel):
            yield model, SHARED_READ, f"{OWN} OR (SELECT app_opening())"


def install(**_: object) -> None:
    """Create what is missing: functions, policies, composite keys, triggers. Safe to run again."""
    existing = _existing_tables()
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS)
        chosen = [(m, r, w) for m, r, w in protected_models() if m._meta.db_table in existing]
        for model, read, write in chosen:
            cursor.execute(_policy(model._meta.db_table, read, write))
        done = _existing_constraints()
        for model, _r, _w in chosen:
            if issubclass(model, OrganisationModel) and f"{model._meta.db_table}_own" not in done:
                cursor.execute(_unique(model._meta.db_table))
        for model, _r, _w in chosen:
            for statement in _keys(model, done, existing):
                cursor.execute(statement)


def unprotected_tables() -> list[str]:
    """Tables that should be under forced row-level security and are not (a start is refused when there are
    any).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        forced = {row[0] for row in cursor.fetchall()}
    return sorted(m._meta.db_table for m, _r, _w in protected_models() if m._meta.db_table not in forced)


def role_problem() -> str:
    """Why the database role must not be used, or an empty string: a superuser or BYPASSRLS role sees
    everything.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        name, superuser, bypass = cursor.fetchone()
    return problem_of(name, superuser=superuser, bypass=bypass)


def problem_of(name: str, *, superuser: bool, bypass: bool) -> str:
    if superuser or bypass:
        return f"The database role “{name}” {'is a superuser' if superuser else 'may bypass row security'}"
    return ""


def _policy(table: str, read: str, write: str) -> str:
    """One policy for everything, and one more to read what may be seen and not written (the shared
    catalogues).
    """
    quoted = connection.ops.quote_name(table)
    sees_more = f"CREATE POLICY reading ON {quoted} FOR SELECT USING ({read});" if read != write else ""
    return f"""
ALTER TABLE {quoted} ENABLE ROW LEVEL SECURITY; ALTER TABLE {quoted} FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS organisation ON {quoted}; DROP POLICY IF EXISTS reading ON {quoted};
CREATE POLICY organisation ON {quoted} USING ({write}) WITH CHECK ({write});
{sees_more}
"""


def _unique(table: str) -> str:
    return f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_own" UNIQUE (organisation_id, id)'


def _keys(model: type[models.Model], done: set[str], existing: set[str]) -> Iterator[str]:
    table = model._meta.db_table
    for field in model._meta.local_fields:
        target = getattr(field, "related_model", None)
        if (
            not isinstance(target, type)
            or not issubclass(target, models.Model)
            or field.name == "organisation"
        ):
            continue
        other, name = target._meta.db_table, f"{table}_{field.column}_same"[:63]
        if name in done or other not in existing:
            continue
        if isinstance(field, UpwardKey):
            yield (
                f'CREATE OR REPLACE TRIGGER "{name}" BEFORE INSERT OR UPDATE '
                f'OF organisation_id, "{field.column}" ON "{table}" '
                f"FOR EACH ROW EXECUTE FUNCTION app_upward('{other}', '{field.column}')"
            )
        elif issubclass(target, OrganisationModel) and issubclass(model, OrganisationModel):
            yield (
                f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" '
                f'FOREIGN KEY (organisation_id, "{field.column}") '
                f'REFERENCES "{other}" (organisation_id, id) DEFERRABLE INITIALLY DEFERRED'
            )
        elif issubclass(target, SharedModel):
            yield (
                f'CREATE OR REPLACE TRIGGER "{name}" BEFORE INSERT OR UPDATE '
                f'OF organisation_id, "{field.column}" ON "{table}" '
                f"FOR EACH ROW EXECUTE FUNCTION app_same_organisation('{other}', '{field.column}')"
            )


def _existing_tables() -> set[str]:
    return set(connection.introspection.table_names())


def _existing_constraints() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint")
        return {row[0] for row in cursor.fetchall()}
