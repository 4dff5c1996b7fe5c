-- Finds the values that break a rule of the template's own and keeps them as problems, in one pass for all rules.
--
-- `rules` is an array of objects: variable, place (in the row's cells, from 1), finding, and what that finding needs:
-- pattern, one_of (an object with the allowed values as keys, because a key is found in it without looking at all of
-- them), date_from and date_to (ISO, so that they compare as texts), most; `allowed` and `advices` (found value to
-- sentence) are for the sentence. What is cheap is asked first: an allowed value is mostly written as it stands in the
-- set, and a date in its range needs no further look. Empty cells break none of these rules: that a value is missing
-- is said already.
WITH valued AS (
    SELECT
        s.row_number,
        r.*,
        s.cells[r.place] AS value,
        left(translate(s.cells[r.place], E'\n\r\t', '   '), 60) AS shown
    FROM staged_row AS s
    CROSS JOIN
        jsonb_to_recordset(%(rules)s::jsonb) AS r (
            variable text,
            place integer,
            finding text,
            pattern text,
            one_of jsonb,
            date_from text,
            date_to text,
            most integer,
            allowed text,
            advices jsonb
        )
    WHERE s.campaign_id = %(campaign_id)s AND s.cells[r.place] IS NOT NULL
)

INSERT INTO problem (campaign_id, row_number, column_name, finding, facts)
SELECT
    %(campaign_id)s,
    row_number,
    variable,
    finding,
    CASE finding
        WHEN 'value_too_long' THEN jsonb_build_object('length', char_length(value), 'allowed', allowed)
        WHEN 'value_not_a_date' THEN jsonb_build_object('found', shown)
        WHEN 'value_not_in_set'
            THEN
                jsonb_build_object(
                    'found', shown, 'advice', coalesce(advices ->> normalize(value), 'write ' || allowed)
                )
        ELSE jsonb_build_object('found', shown, 'allowed', allowed)
    END
FROM valued
WHERE
    CASE finding
        WHEN 'value_not_in_set' THEN one_of -> value IS NULL AND one_of -> normalize(value) IS NULL
        WHEN 'value_bad_shape' THEN value !~ pattern
        WHEN 'value_not_a_date' THEN value !~ pattern
        WHEN 'value_date_out_of_range' THEN (value < date_from OR value > date_to) AND value ~ pattern
        WHEN 'value_too_long' THEN char_length(value) > most
    END
