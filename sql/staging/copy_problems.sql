-- Takes the reader's problems.
COPY loading_problem (row_number, column_name, finding, facts) FROM STDIN
