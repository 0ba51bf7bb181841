"""The fleet: every machine, screen, printer or switch, what it is made of, where it is and who has it.

Nouns: Asset, AssetKind, Manufacturer, AssetModel, the components an inventory fills (OperatingSystem,
Processor, MemoryModule, Disk, Volume, NetworkCard…) and what changed of them (AssetChange); Position;
Assignment, Loan, Pool, Booking, Kit, Slip; Stocktake and its lines, BasketItem, Photo; StockItem, Licence;
CalendarFeed.
Verbs: change_state, assign, take_back, lend, give_back, extend, hand_over, sign, place, merge, print labels,
count, close, read_key, subscribe.
Serves C1, C6, C26 and C31.
"""
