"""Inventories: what a machine says about itself, through the agent already installed on it.

Nouns: Agent, Inventory, Section, Fact. Verbs: receive an inventory, compare it with the last one,
recognise the asset it speaks of, note what changed. The server answers GLPI Agent, FusionInventory
and OCS Inventory agents unchanged, on the address they already know.

The protocol itself is pure code without database: `wire` opens the envelope, `messages` says what was
sent (with `legacy` for the XML dialects), `sections` cleans and compares, `facts` gives typed facts,
`answers` writes what goes back. Serves C1, C4, C6, C8, C22 and feeds nearly every other competence.
"""
