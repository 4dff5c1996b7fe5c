-- Returns the time on the one clock.
SELECT clock() AS at
