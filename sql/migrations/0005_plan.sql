-- The plan of a campaign beside what becomes of it: what was foretold, what is left, and what a late start cost.
ALTER TABLE campaign
ADD COLUMN plan jsonb, -- what was foretold when it was admitted
ADD COLUMN outlook jsonb, -- the newest look at what is left of it while it is sent
ADD COLUMN lost_by_delay integer, -- people whose windows closed between its time and its start; NULL: it began in time
ADD COLUMN resumed_at timestamptz, -- when a person let it go on; its start is late from then on anew
ADD COLUMN accepts_old_interactions boolean NOT NULL DEFAULT FALSE; -- a person took the interactions as they were

-- Who got what lately, whatever the length of the history: the overlap of a plan, the daily budget, the measured speed.
CREATE INDEX message_list_sent ON message_list (account_id, sent_at) INCLUDE (user_id) WHERE sent_at IS NOT NULL;

-- How many a campaign lost to closing windows is asked for every half minute while it is sent.
CREATE INDEX message_list_expired ON message_list (campaign_id) WHERE state = 'expired';
