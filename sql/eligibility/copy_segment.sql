-- Takes the ids of a segment in, each of them once.
COPY segment_person (user_id) FROM STDIN
