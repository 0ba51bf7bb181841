"""The fleet: every machine, screen, printer or switch, what it is made of, where it is and who has it.

Nouns: Asset, AssetKind, Manufacturer, AssetModel, and the components an inventory fills (OperatingSystem,
Processor,
MemoryModule, Disk, Volume, NetworkCard); Stocktake and its lines, BasketItem, Photo.
Verbs: assign, move, change_state, print labels, count, close. Serves C1, C6, C26 and C31.
"""
