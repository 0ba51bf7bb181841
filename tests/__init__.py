"""Journeys across domains; what a domain alone can tell is tested beside it."""
