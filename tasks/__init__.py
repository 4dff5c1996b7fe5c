"""How one step is done: plain functions that join sql, clients and validations. No Prefect here."""
