-- How many runs of a Prefect server send a campaign at once. It stands in the row, as all of a campaign does, so that a
-- run that comes later (at its time, after an approval, for a dead one) knows it too.
ALTER TABLE campaign
ADD COLUMN shares smallint CHECK (shares BETWEEN 1 AND 64); -- NULL: as many as the workers' setting says
