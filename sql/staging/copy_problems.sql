-- Keeps the problems that the reader found in cells, under the campaign that staging/name_campaign names.
COPY problem (row_number, column_name, finding, facts) FROM STDIN
