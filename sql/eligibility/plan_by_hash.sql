-- Until the transaction ends, lets statements group and join by hash: they bring millions of rows down to some thousand
-- groups, which the planner cannot foresee, so that it would sort all of them by texts, or look each one up.
SELECT
    set_config('enable_sort', 'off', TRUE) AS enable_sort,
    set_config('enable_nestloop', 'off', TRUE) AS enable_nestloop
