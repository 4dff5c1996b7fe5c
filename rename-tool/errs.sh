#!/bin/sh
cd /work/wt/rename; .venv/bin/python -m pytest -q -p no:cacheprovider --tb=short "$@" > /tmp/pytest.out 2>&1; grep -E "^E  " /tmp/pytest.out | cut -c1-190 | sort | uniq -c | sort -rn | head -${N:-60}; grep -E "^(FAILED|ERROR)" /tmp/pytest.out | cut -c1-150 | sed 's/\[.*//' | sort | uniq -c | head -60; tail -1 /tmp/pytest.out
