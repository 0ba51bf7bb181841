"""The fleet: every machine, screen, printer or switch, what it is made of, where it is and who has it.

Nouns: Asset, AssetKind, Manufacturer, AssetModel, and the components an inventory fills (OperatingSystem,
Processor,
MemoryModule, Disk, Volume, NetworkCard). Verbs: assign, move, change_state. Serves C1, C6, C26 and C31.
"""
