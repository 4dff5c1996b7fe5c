-- Returns the migrations that were applied, with the checksum each had then.
SELECT
    number,
    name,
    sha256
FROM windowcast.migration
ORDER BY number
