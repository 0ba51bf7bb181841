"""The fleet: every machine, screen, printer or switch, what it is made of, where it is and who has it.

Nouns: Asset, AssetKind, Manufacturer, AssetModel, and the components an inventory fills (OperatingSystem,
Processor, MemoryModule, Disk, Volume, NetworkCard); Assignment, Loan, Pool, Booking, Kit, Slip. Verbs:
change_state, assign, take_back, lend, give_back, extend, hand_over, sign. Serves C1, C6, C26 and C31.
"""
