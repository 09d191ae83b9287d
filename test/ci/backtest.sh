#!/usr/bin/env bash
# The backtest job of docs/ci.md on the sample company, as a runner would call it: gates, a summary, JUnit, annotations,
# and the result of the last good call in DIR as the baseline. Ends with the exit code of `retain backtest`.
#   test/ci/backtest.sh DIR [CONFIG]
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=$1
config=${2:-fixtures/sample/retain.yaml}
mkdir -p "$dir"
baseline=()
if [ -f "$dir/baseline.json" ]; then baseline=(--baseline "$dir/baseline.json"); fi

code=0
GITHUB_ACTIONS=true node bin/retain.js backtest --config "$config" --data fixtures/sample --store "$dir/store" --quiet \
  --gate 'health:auc.low@all>=0.55' 'health.product_usage:auc>=0.55' 'ece<=0.1' 'churn:vs:base_rate.log_loss<=0.01' \
  "${baseline[@]}" --save "$dir/backtest.json" --junit "$dir/backtest.xml" \
  --format markdown --output "$dir/summary.md" 2> "$dir/annotations.txt" || code=$?

echo "exit code $code"
echo '-- annotations'
cat "$dir/annotations.txt"
if [ "$code" -le 1 ]; then
  echo '-- JUnit'
  cat "$dir/backtest.xml"
fi
if [ "$code" -eq 0 ]; then cp "$dir/backtest.json" "$dir/baseline.json"; fi
exit "$code"
