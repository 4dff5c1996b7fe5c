"""What the platform calls: the receiver of webhooks."""
