-- Names the campaign that COPY stages rows and problems of, until the transaction ends.
-- It is the default of their column, because the reader's lines do not hold it.
SELECT set_config('windowcast.staged_campaign_id', %(campaign_id)s, TRUE) AS campaign_id
