-- Takes the reader's rows.
COPY loading_row (row_number, typed_user_id, user_id, cells) FROM STDIN
