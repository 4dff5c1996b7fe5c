"""Meta's Graph API: sending on Messenger and Instagram."""
