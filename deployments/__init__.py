"""Where and when: the pools, deployments, limits and automations that a Prefect server needs for the flows."""
