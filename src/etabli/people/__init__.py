"""People and places: who works in an organisation, under whom, where, and how they log in.

Nouns: Person, Team, OrgUnit, Site, Building, Floor, Room, Rack. Verbs: invite, welcome, move_organisation,
start_organisation. Serves C15 (rights from the org chart), C31 (places) and every domain that names a person.
"""
