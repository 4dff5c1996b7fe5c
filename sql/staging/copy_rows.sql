-- Stages the reader's rows under the campaign that staging/name_campaign names.
COPY staged_row (row_number, typed_user_id, user_id, cells) FROM STDIN
