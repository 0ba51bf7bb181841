"""What the database does so that tickets are found by their words, whoever writes them.

Words are kept a row a ticket, not a message: a common word then means reading some thousands of short rows
instead of a tenth of a million long ones, and words said in different messages are found together.
"""

WORDS = """
CREATE OR REPLACE FUNCTION support_bare(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT regexp_replace(public.plain($1), '[^[:alnum:]]+', ' ', 'g')
$$;
-- French stems without their positions; an English word keeps its form, but for its plural. Whatever the
-- input, it stays under the million bytes a tsvector may take.
CREATE OR REPLACE FUNCTION support_stems(text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT strip(to_tsvector('pg_catalog.french', coalesce(support_bare(left($1, 120000)), '')))
$$;
-- Names, numbers and serial numbers as they are: neither a stem nor a parser's idea of them.
CREATE OR REPLACE FUNCTION support_names(text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT array_to_tsvector(array(
    SELECT one FROM unnest(string_to_array(coalesce(support_bare(left($1, 20000)), ''), ' ')) one
     WHERE one <> '' AND octet_length(one) <= 200))
$$;
-- What was said and what was noted in one: the words of notes carry a sign that no other word begins with.
CREATE OR REPLACE FUNCTION support_told(said text, noted text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT support_stems(said) || CASE WHEN noted IS NULL THEN '' ELSE array_to_tsvector(array(
    SELECT '~' || one FROM unnest(tsvector_to_array(support_stems(noted))) one)) END
$$;
CREATE OR REPLACE FUNCTION support_write_words(wanted bigint[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO support_tickettext (organisation_id, ticket_id, names, head, words)
  SELECT t.organisation_id, t.id, n.names, h.head, h.head || coalesce(m.told, '')
    FROM support_ticket t
    LEFT JOIN people_person p ON p.id = t.requester_id
   CROSS JOIN LATERAL (
      SELECT support_names(concat_ws(' ', t.id, lpad(t.id::text, 6, '0'), p.name, p.email, t.contact_name,
               t.contact_email, t.contact_phone,
               (SELECT string_agg(concat_ws(' ', a.name, a.serial, a.tag), ' ')
                  FROM support_ticketasset x JOIN assets_asset a ON a.id = x.asset_id
                 WHERE x.ticket_id = t.id))) AS names) n
   CROSS JOIN LATERAL (SELECT n.names || support_names(t.title) || support_stems(t.title) AS head) h
   CROSS JOIN LATERAL (
      SELECT support_told(string_agg(left(text, 60000), ' ' ORDER BY id DESC) FILTER (WHERE kind <> 'note'),
               string_agg(left(text, 60000), ' ' ORDER BY id DESC) FILTER (WHERE kind = 'note')) AS told
        FROM support_message WHERE ticket_id = t.id) m
   WHERE t.id = ANY (wanted)
  ON CONFLICT (ticket_id) DO UPDATE SET names = excluded.names, head = excluded.head, words = excluded.words
$$;
CREATE OR REPLACE FUNCTION support_erasing() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(current_setting('app.erasing', true), '') = 'on'
$$;
CREATE OR REPLACE FUNCTION support_ticket_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_LEVEL = 'ROW' THEN PERFORM support_write_words(ARRAY[NEW.id]);
  ELSE PERFORM support_write_words(array(SELECT id FROM rows_now)); END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION support_ticketasset_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT support_erasing() THEN
    PERFORM support_write_words(array(
      SELECT ticket_id FROM support_tickettext WHERE ticket_id IN (SELECT ticket_id FROM rows_now)));
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION support_renamed_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM support_write_words(CASE TG_TABLE_NAME
    WHEN 'people_person' THEN array(SELECT id FROM support_ticket WHERE requester_id = NEW.id)
    ELSE array(SELECT ticket_id FROM support_ticketasset WHERE asset_id = NEW.id) END);
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION support_message_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF support_erasing() THEN RETURN NULL; END IF;
  IF TG_OP = 'DELETE' THEN
    -- Those whose words are gone already are going themselves.
    PERFORM support_write_words(array(
      SELECT ticket_id FROM support_tickettext WHERE ticket_id IN (SELECT ticket_id FROM rows_now)));
    RETURN NULL;
  ELSIF TG_OP = 'UPDATE' THEN
    PERFORM support_write_words(ARRAY[OLD.ticket_id, NEW.ticket_id]);
    RETURN NULL;
  END IF;
  -- The ticket first, as whoever answers locks it: two writers on one ticket wait, never for each other.
  PERFORM 1 FROM support_ticket WHERE id IN (SELECT ticket_id FROM rows_now) ORDER BY id FOR NO KEY UPDATE;
  -- A new message only adds its words; a ticket with a book of them already gets no more.
  BEGIN
    UPDATE support_tickettext x
       SET words = CASE WHEN length(x.words) < 20000 THEN x.words || m.told ELSE x.words END
      FROM (SELECT ticket_id,
                   support_told(string_agg(left(text, 60000), ' ') FILTER (WHERE kind <> 'note'),
                                string_agg(left(text, 60000), ' ') FILTER (WHERE kind = 'note')) AS told
              FROM rows_now GROUP BY ticket_id) m
     WHERE x.ticket_id = m.ticket_id;
  EXCEPTION WHEN program_limit_exceeded THEN
    RETURN NULL;  -- words no search can hold: the message itself is never refused for them
  END;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER words_added AFTER INSERT ON support_ticket
  REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION support_ticket_words();
CREATE OR REPLACE TRIGGER words_changed AFTER UPDATE ON support_ticket FOR EACH ROW
  WHEN ((OLD.title, OLD.requester_id, OLD.contact_name, OLD.contact_email, OLD.contact_phone) IS DISTINCT FROM
        (NEW.title, NEW.requester_id, NEW.contact_name, NEW.contact_email, NEW.contact_phone))
  EXECUTE FUNCTION support_ticket_words();
CREATE OR REPLACE TRIGGER words_added AFTER INSERT ON support_ticketasset
  REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION support_ticketasset_words();
CREATE OR REPLACE TRIGGER words_removed AFTER DELETE ON support_ticketasset
  REFERENCING OLD TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION support_ticketasset_words();
CREATE OR REPLACE TRIGGER words_added AFTER INSERT ON support_message
  REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION support_message_words();
CREATE OR REPLACE TRIGGER words_removed AFTER DELETE ON support_message
  REFERENCING OLD TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION support_message_words();
CREATE OR REPLACE TRIGGER words_changed AFTER UPDATE ON support_message FOR EACH ROW
  WHEN ((OLD.ticket_id, OLD.kind, OLD.text) IS DISTINCT FROM (NEW.ticket_id, NEW.kind, NEW.text))
  EXECUTE FUNCTION support_message_words();
CREATE OR REPLACE TRIGGER ticket_words AFTER UPDATE ON people_person FOR EACH ROW
  WHEN ((OLD.name, OLD.email) IS DISTINCT FROM (NEW.name, NEW.email))
  EXECUTE FUNCTION support_renamed_words();
CREATE OR REPLACE TRIGGER ticket_words AFTER UPDATE ON assets_asset FOR EACH ROW
  WHEN ((OLD.name, OLD.serial, OLD.tag) IS DISTINCT FROM (NEW.name, NEW.serial, NEW.tag))
  EXECUTE FUNCTION support_renamed_words();
"""
EVERYTHING = """
SELECT set_config('app.opening', 'on', true);
SELECT set_config('app.organisations',
  (SELECT coalesce(string_agg(id::text, ','), '') FROM kernel_organisation), true);
SELECT support_write_words(array(SELECT id FROM support_ticket));
SELECT set_config('app.organisations', '', true), set_config('app.opening', '', true);
"""
