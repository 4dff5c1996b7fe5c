"""What people look at, as files."""
