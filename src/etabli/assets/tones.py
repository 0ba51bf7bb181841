"""The colour of each state of an asset, the same in lists, plans, racks and graphs."""

TONES = {
    "in_service": "ok",
    "in_stock": "info",
    "on_loan": "info",
    "preparing": "info",
    "redeployed": "info",
    "in_transit": "info",
    "in_repair": "warn",
    "maintenance": "warn",
    "to_retire": "warn",
    "lost": "bad",
    "stolen": "bad",
    **dict.fromkeys(
        ("retired", "erased", "returned", "sold", "donated", "recycled", "destroyed", "gone"), "off"
    ),
}
