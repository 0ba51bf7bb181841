"""A real browser in front of the real product: every page in every look, and the journeys people make."""
