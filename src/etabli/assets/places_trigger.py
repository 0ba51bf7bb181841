"""The word of the database on where an asset is."""

# A personal device has no position, whoever writes it; one that becomes personal loses those it had. What was
# said of a place (point on a plan, units in a rack) goes with an asset that leaves it.
PLACES = """
CREATE OR REPLACE FUNCTION assets_position_of_whom() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM assets_asset WHERE id = NEW.asset_id AND ownership = 'personal') THEN
    RAISE check_violation USING MESSAGE = 'a personal device is never located';
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER position_of_whom BEFORE INSERT OR UPDATE ON assets_position
  FOR EACH ROW EXECUTE FUNCTION assets_position_of_whom();
CREATE OR REPLACE FUNCTION assets_asset_left() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.ownership = 'personal' THEN
    DELETE FROM assets_position WHERE asset_id = NEW.id;
  ELSIF (OLD.site_id, OLD.room_id) IS DISTINCT FROM (NEW.site_id, NEW.room_id) THEN
    DELETE FROM assets_position WHERE asset_id = NEW.id AND source = 'declared';
  END IF;
  DELETE FROM assets_rackplacement WHERE asset_id = NEW.id AND rack_id IS DISTINCT FROM NEW.rack_id;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER asset_left AFTER UPDATE ON assets_asset FOR EACH ROW
  WHEN ((OLD.site_id, OLD.room_id, OLD.rack_id, OLD.ownership)
        IS DISTINCT FROM (NEW.site_id, NEW.room_id, NEW.rack_id, NEW.ownership))
  EXECUTE FUNCTION assets_asset_left();
"""
