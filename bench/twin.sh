#!/bin/bash
# Two exports of the same company must give the same ranked lists, byte for byte.
# Usage: bench/twin.sh --data DIR, where DIR holds ravenstack/ and ravenstack/excel_variant/ (the same tables saved by
# a spreadsheet program). Runs init, run and every list as CSV and JSON on copies of both; exit 1 where one differs.
set -euo pipefail
if [ "${1:-}" != --data ] || [ -z "${2:-}" ]; then echo "usage: bench/twin.sh --data DIR" >&2; exit 2; fi
first="$2/ravenstack" second="$2/ravenstack/excel_variant"
for folder in "$first" "$second"; do
  if [ ! -d "$folder" ]; then echo "$folder is absent: nothing was compared" >&2; exit 2; fi
done
retain="$(cd "$(dirname "$0")/.." && pwd)/bin/retain.js"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
for twin in first second; do
  mkdir -p "$work/$twin/data" "$work/$twin/lists"
  cp "${!twin}"/*.csv "$work/$twin/data"
  (
    cd "$work/$twin/data"
    node "$retain" init --quiet > /dev/null
    node "$retain" run --quiet --format json --output ../lists/run.json
    for list in at-risk health churn renewal; do
      for format in csv json; do node "$retain" "$list" --quiet --format $format --output ../lists/$list.$format; done
    done
  )
  # Header and warnings name files and hash the configuration; what stands in the lists does not.
  (cd "$work/$twin/lists" && node -e '
    const fs = require("node:fs");
    for (const name of fs.readdirSync(".").filter((item) => item.endsWith(".json"))) {
      const { lists, summary } = JSON.parse(fs.readFileSync(name, "utf8"));
      fs.writeFileSync(name, JSON.stringify({ lists, summary }));
    }')
done
diff -r "$work/first/lists" "$work/second/lists"
echo "the same: $(ls "$work/first/lists" | tr '\n' ' ')($(cat "$work"/first/lists/*.csv | wc -l) lines of CSV)"
