"""What is asked over HTTP: the platform's callbacks, and the pages that people are sent to."""
