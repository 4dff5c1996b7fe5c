"""The doors: Meta, Alibaba CAMS, Postgres, spreadsheets, settings, credentials."""
