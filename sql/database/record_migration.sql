-- Records that a migration was applied, in the transaction that applied it.
INSERT INTO migration (number, name, sha256) VALUES (%(number)s, %(name)s, %(sha256)s)
