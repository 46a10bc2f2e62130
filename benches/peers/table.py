"""The best of each measurement of run.sh, and how many times as long, or as slow, the peers are."""

import sys

ORDER = ["agilerl cpu", "agilerl flex", "torch", "agilerl (peer)", "sb3"]
NAMES = {
    "agilerl cpu": "agilerl", "agilerl flex": "agilerl, device `flex`", "torch": "PyTorch, eager",
    "agilerl (peer)": "AgileRL", "sb3": "stable-baselines3", "sb3 (peer)": "stable-baselines3", "agilerl": "agilerl",
}


def main():
    best = {}
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            kind, who, threads, what, number = line.rstrip("\n").split("\t")
            number = float(number)
            if kind == "learn":
                kind, number = "update", number / 1e3
            elif kind == "update" and who == "agilerl":
                who = "agilerl (peer)"
            key = (kind, who.strip(), threads, what)
            best[key] = (max if kind == "steps" else min)(best.get(key, number), number)

    networks = ["32x32", "64x64", "256x256"]
    print("Microseconds of an update of 128 transitions, and as a multiple of ours:\n")
    print("| | threads |", *(f"{network} | |" for network in networks))
    print("|---|---|" + "---:|---:|" * len(networks))
    for who in ORDER:
        for threads in ["1", "default"]:
            cells = []
            for network in networks:
                value = best.get(("update", who, threads, network))
                if value:
                    cells += [f"{value:,.1f}", f"{value / best['update', 'agilerl cpu', '1', network]:.1f}"]
            if cells:
                print(f"| {NAMES[who]} | {threads} |", *(f"{cell} |" for cell in cells))

    acts = [best["act", "agilerl", "1", network] / 1e3 for network in networks]
    print("\nMicroseconds of acting on 16 observations: " + ", ".join(f"{a:.1f} ({n})" for a, n in zip(acts, networks)) + ".")

    print("\nEnvironment steps per second of the whole loop on LunarLander-v3, and ours on two threads as a multiple:\n")
    print("| | threads | steps per second | |\n|---|---|---:|---:|")
    rows = {key[1:3]: value for key, value in best.items() if key[0] == "steps"}
    for (who, threads), value in rows.items():
        name = NAMES["agilerl (peer)"] if who == "agilerl (peer)" else NAMES[who]
        print(f"| {name} | {threads} | {value:,.0f} | {rows['agilerl', '2'] / value:.1f} |")


if __name__ == "__main__":
    main()
