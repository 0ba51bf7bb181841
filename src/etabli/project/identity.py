"""The company's identity provider, as the environment names it (``ETABLI_OIDC_URL`` and its like)."""

from collections.abc import Mapping
from typing import Any


def providers(environment: Mapping[str, str]) -> dict[str, Any]:
    """What the login library wants to know; the provider tells the rest (OpenID Connect Discovery 1.0)."""
    address = environment.get("ETABLI_OIDC_URL")
    if not address:
        return {}
    provider = {
        "provider_id": "oidc",
        "name": environment.get("ETABLI_OIDC_NAME", "OpenID Connect"),
        "client_id": environment.get("ETABLI_OIDC_CLIENT", ""),
        "secret": environment.get("ETABLI_OIDC_SECRET", ""),
        # A code that somebody stole is worth nothing without the verifier (RFC 9700 §2.1.1).
        "settings": {"server_url": address, "oauth_pkce_enabled": True},
    }
    return {"openid_connect": {"APPS": [provider]}}
