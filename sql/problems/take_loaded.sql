-- Keeps the problems that the reader found in cells.
INSERT INTO problem (campaign_id, row_number, column_name, finding, facts)
SELECT
    %(campaign_id)s,
    row_number,
    column_name,
    finding,
    coalesce(facts, '{}')
FROM loading_problem
