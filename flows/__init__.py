"""What happens, in order: one flow per file, its body reads like the picture in the README. Prefect lives here."""
