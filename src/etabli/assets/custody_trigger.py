"""The trigger that keeps the history of assignments: whoever writes an asset, nobody can forget the row.

A transaction may tell more by ``app.assigning`` (JSON: ``on``, a day; ``by``; ``reason``). One that tells
no day and goes back, within 24 hours, to what was before is a correction (an undo, a slip of the mouse): it
leaves no row.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from django.db import connection

CUSTODY = """
CREATE OR REPLACE FUNCTION assets_custody() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  told jsonb := coalesce(nullif(current_setting('app.assigning', true), ''), '{}')::jsonb;
  corrects boolean := told ->> 'on' IS NULL;
  day date := coalesce((told ->> 'on')::date, current_date);
  held boolean := num_nonnulls(NEW.person_id, NEW.site_id, NEW.room_id, NEW.parent_id) > 0;
  here assets_assignment;
  before assets_assignment;
BEGIN
  IF TG_OP = 'INSERT' THEN
    -- created before this transaction: an asset brought back, whose history comes with it
    IF NEW.created_at < now() OR NOT held THEN RETURN NULL; END IF;
    IF corrects THEN day := least(coalesce(NEW.commissioned_on, day), day); END IF;
  ELSE
    IF (NEW.person_id, NEW.site_id, NEW.room_id, NEW.parent_id)
       IS NOT DISTINCT FROM (OLD.person_id, OLD.site_id, OLD.room_id, OLD.parent_id) THEN RETURN NULL; END IF;
    SELECT * INTO here FROM assets_assignment
     WHERE organisation_id = NEW.organisation_id AND asset_id = NEW.id AND until IS NULL;
    IF FOUND THEN
      SELECT * INTO before FROM assets_assignment
       WHERE organisation_id = NEW.organisation_id AND asset_id = NEW.id AND until = here.since
       ORDER BY id DESC LIMIT 1;
      IF corrects AND here.recorded_at > now() - interval '1 day' THEN
        IF before.id IS NOT NULL AND (NEW.person_id, NEW.site_id, NEW.room_id, NEW.parent_id)
           IS NOT DISTINCT FROM (before.person_id, before.site_id, before.room_id, before.parent_id) THEN
          DELETE FROM assets_assignment WHERE id = here.id;
          UPDATE assets_assignment SET until = NULL WHERE id = before.id;
          RETURN NULL;
        ELSIF before.id IS NULL AND NOT held THEN
          DELETE FROM assets_assignment WHERE id = here.id;
          RETURN NULL;
        END IF;
      END IF;
      day := greatest(day, here.since);
      UPDATE assets_assignment SET until = day WHERE id = here.id;
    ELSE
      SELECT * INTO before FROM assets_assignment
       WHERE organisation_id = NEW.organisation_id AND asset_id = NEW.id ORDER BY id DESC LIMIT 1;
      IF FOUND THEN
        IF corrects AND before.until >= current_date - 1 AND
           (NEW.person_id, NEW.site_id, NEW.room_id, NEW.parent_id)
           IS NOT DISTINCT FROM (before.person_id, before.site_id, before.room_id, before.parent_id) THEN
          UPDATE assets_assignment SET until = NULL WHERE id = before.id;
          RETURN NULL;
        END IF;
        day := greatest(day, before.until);
      ELSIF num_nonnulls(OLD.person_id, OLD.site_id, OLD.room_id, OLD.parent_id) > 0 THEN
        INSERT INTO assets_assignment
          (organisation_id, asset_id, person_id, site_id, room_id, parent_id, until)
        VALUES (NEW.organisation_id, NEW.id, OLD.person_id, OLD.site_id, OLD.room_id, OLD.parent_id, day);
      END IF;
    END IF;
    IF NOT held THEN RETURN NULL; END IF;
  END IF;
  INSERT INTO assets_assignment
    (organisation_id, asset_id, person_id, site_id, room_id, parent_id, since, by, reason)
  VALUES (NEW.organisation_id, NEW.id, NEW.person_id, NEW.site_id, NEW.room_id, NEW.parent_id, day,
          left(coalesce(told ->> 'by', ''), 120), left(coalesce(told ->> 'reason', ''), 200));
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER assets_custody
  AFTER INSERT OR UPDATE OF person_id, site_id, room_id, parent_id ON assets_asset
  FOR EACH ROW EXECUTE FUNCTION assets_custody();
"""
SIGNED = """
CREATE OR REPLACE FUNCTION assets_slip_is_signed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(current_setting('app.erasing', true), '') = 'on' THEN RETURN OLD; END IF;
  RAISE EXCEPTION 'a signed slip is never changed' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER signed BEFORE UPDATE OR DELETE ON assets_slip
  FOR EACH ROW WHEN (OLD.signed_at IS NOT NULL) EXECUTE FUNCTION assets_slip_is_signed();
"""


@contextmanager
def telling(*, by: str, reason: str = "", on: date | None = None) -> Iterator[None]:
    """Inside, what assets change hands with: who does it, why, from which day. One transaction."""
    told = {"by": by, "reason": reason, **({"on": on.isoformat()} if on else {})}
    _tell(json.dumps(told))
    yield
    _tell("")  # after an error the transaction, or its savepoint, forgets by itself


def _tell(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.assigning', %s, true)", [text])
