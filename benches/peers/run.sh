#!/bin/sh
# The peers and this library side by side, in turns, and tables of the best of each. Expects Python with torch, AgileRL and
# stable-baselines3, and takes about ten minutes on a quiet machine: `benches/peers/run.sh [TURNS [FOLDER]]`.
set -eu
cd "$(dirname "$0")/../.."
turns=${1:-3}
out=${2:-target/peers}
mkdir -p "$out"
: >"$out/results.tsv"

cargo build --quiet --release -p agilerl --example throughput
# The program that times one piece, out of what cargo says of it.
pieces=$(cargo bench --quiet -p agilerl --bench instructions --no-run --message-format json |
    sed -n 's/.*"executable":"\([^"]*instructions[^"]*\)".*/\1/p' | tail -n 1)

# kind, who, threads, what, number
best() { sed -n 's/.*best \([0-9]*\).*/\1/p'; }
steps() { printf 'steps\t%s\t%s\tLunarLander-v3\t%s\n' "$1" "$2" "$3" >>"$out/results.tsv"; }

for turn in $(seq "$turns"); do
    echo "turn $turn of $turns: $(cut -d ' ' -f 1 /proc/loadavg) processes want to run"
    for group in learn act; do
        "$pieces" --time "$group/" | sed "s/^$group\/\([^ \t]*\)\( x 128\)\? *\([a-z]*\)\t/$group\tagilerl \3\t1\t\1\t/" >>"$out/results.tsv"
    done
    OMP_NUM_THREADS=1 python benches/peers/updates.py --threads 1 | sed 's/^/update\t/' >>"$out/results.tsv"
    python benches/peers/updates.py | sed 's/^/update\t/' >>"$out/results.tsv"
    ours=$(cargo run --quiet --release -p agilerl --example throughput -- --generations 20 | best)
    steps agilerl 1 "$(echo "$ours" | head -n 1)"
    steps agilerl 2 "$(echo "$ours" | tail -n 1)"
    for peer in agilerl sb3; do
        steps "$peer (peer)" 1 "$(OMP_NUM_THREADS=1 python benches/peers/${peer}_steps.py --threads 1 | best)"
        steps "$peer (peer)" default "$(python benches/peers/${peer}_steps.py | best)"
    done
done
python benches/peers/table.py "$out/results.tsv" | tee "$out/table.md"
