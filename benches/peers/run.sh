#!/bin/sh
# AgileRL and this library, one after the other, and the ratio. Expects AgileRL in the Python that is active.
set -eu
cd "$(dirname "$0")/../.."
cargo build --quiet --release -p agilerl --example throughput

best() { sed -n 's/.*best \([0-9]*\).*/\1/p'; }

peer_one=$(OMP_NUM_THREADS=1 python benches/peers/agilerl_steps.py --threads 1 | best)
peer=$(python benches/peers/agilerl_steps.py | best)
ours=$(cargo run --quiet --release -p agilerl --example throughput | best)
ours_one=$(echo "$ours" | head -n 1)
ours_two=$(echo "$ours" | tail -n 1)

fastest=$((peer > peer_one ? peer : peer_one))
echo "AgileRL: $peer_one with one thread, $peer by default"
echo "agilerl: $ours_one with one thread, $ours_two with two"
awk "BEGIN { printf \"two threads against AgileRL's faster: %.1f times\n\", $ours_two / $fastest }"
