#!/bin/sh
# What Lighthouse says of the demonstration's pages: the lowest and highest of RUNS runs.
# Needs Node 20 or newer and Chromium. LIGHTHOUSE: how to call one that is installed already.
set -eu
cd "$(dirname "$0")/.."
port=${PORT:-8899} runs=${RUNS:-3}
lighthouse=${LIGHTHOUSE:-npx --yes lighthouse@12}
pages="${PAGES:-/ /petitions/free-marta-ilin/ /petitions/free-huseyin-celil/
    /campaigns/free-marta-ilin/ /campaigns/bring-huseyin-celil-home/
    /profiles/marta-ilin/ /profiles/huseyin-celil/}"
export CHROME_PATH="${CHROME_PATH:-$(command -v chromium)}"

folder=$(mktemp -d)
chmod 711 "$folder" # As root PostgreSQL runs as another account, which must get through.
unset DATABASE_URL SECRET_KEY SIGNER_KEY ALLOWED_HOSTS VIGIL_DEMO VIGIL_VAR
make demo PORT="$port" VAR="$folder/var" >"$folder/demo.log" 2>&1 &
demo=$!
trap 'kill "$demo" 2>/dev/null; wait "$demo" 2>/dev/null || true; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
until grep -q "Vigil is ready" "$folder/demo.log"; do
    kill -0 "$demo" 2>/dev/null || { cat "$folder/demo.log" >&2; exit 1; }
    sleep 1
done

# Without the flags Chromium asks hosts of its own while it is measured.
measure() {
    $lighthouse "http://localhost:$port$1" --quiet --output json --output-path "$2" \
        --only-categories performance,accessibility,best-practices,seo \
        --chrome-flags="--headless --no-sandbox --disable-background-networking --no-first-run"
}
number=10
for page in $pages; do
    number=$((number + 1)) # the table has them in this order
    for run in $(seq "$runs"); do
        report="$folder/$number.$run.json"
        # On a busy machine Chromium fails to start, or to tell when it began.
        for _attempt in 1 2 3 4 5; do
            measure "$page" "$report" && break
        done
    done
done

node - "$folder"/*.json <<'EOF'
const pages = {};
let report;
for (const file of process.argv.slice(2)) {
  report = JSON.parse(require("fs").readFileSync(file));
  const page = (pages[new URL(report.finalDisplayedUrl).pathname] ??= {});
  for (const { id, score } of Object.values(report.categories)) (page[id] ??= []).push(score);
}
const spread = (scores) => {
  const [least, most] = [Math.min(...scores), Math.max(...scores)].map((s) => Math.round(100 * s));
  return least === most ? `${least}` : `${least} to ${most}`;
};
const browser = report.environment.hostUserAgent.match(/Chrome\/\d+/)[0].replace("/", " ");
console.log(`${report.fetchTime.slice(0, 10)}, Lighthouse ${report.lighthouseVersion}, ${browser}\n`);
console.log("| Page | Performance | Accessibility | Best practices | SEO |\n|---|---|---|---|---|");
for (const [page, scores] of Object.entries(pages)) {
  const order = ["performance", "accessibility", "best-practices", "seo"];
  console.log(`| \`${page}\` | ${order.map((id) => spread(scores[id])).join(" | ")} |`);
}
EOF
