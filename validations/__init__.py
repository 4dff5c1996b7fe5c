"""Whether data is good: rows in, problems out. Great Expectations lives here alone, and is imported late."""
