"""The colour of each state of an asset, the same in lists, plans, racks and graphs."""

TONES = {
    "in_service": "ok",
    "in_stock": "info",
    "on_loan": "info",
    "preparing": "info",
    "in_repair": "warn",
    "to_retire": "warn",
    "lost": "bad",
    "stolen": "bad",
    "retired": "off",
    "gone": "off",
}
