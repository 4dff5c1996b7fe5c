#!/bin/sh
# fresh tree of BASE (default: main's commit in the clone) + tool
cd /work/wt/rename && git checkout -q -f ${1:-HEAD} && git clean -fdq -e .venv -e .mypy_cache && python /work/wt/rename-tool/apply.py /work/wt/rename && .venv/bin/python -m ruff check . | grep -v E501 | head -${2:-40}
