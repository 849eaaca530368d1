"""What bench/report, bench/goals.py and bench/plot share: values by work and metric, and how numbers are rounded."""
import collections
import csv
import math

PEERS = {
    "source": "nothing",
    "plain": "plain routing",
    "nft": "nftables DNAT",
    "iptables": "iptables DNAT",
    "ipvs": "IPVS",
    "haproxy": "HAProxy TCP",
    "nginx": "nginx stream",
    "only_tc": "bare tc redirect",
    "only_tcx": "bare tcx redirect",
    "only_xdp": "bare XDP redirect",
    "bpvs": "BPVS",
    "bpvs_tcx": "BPVS at tcx",
    "bpvs_xdp": "BPVS at XDP",
}
OURS = ("bpvs", "bpvs_tcx", "bpvs_xdp")


def read(*paths):
    """{(work, metric): {peer: {round: value}}}, and (unit, better) of each."""
    values = collections.defaultdict(lambda: collections.defaultdict(dict))
    kinds = {}
    for path in paths:
        with open(path, newline="", encoding="ascii") as file:
            for row in csv.DictReader(file):
                key = row["work"], row["metric"]
                values[key][row["peer"]][int(row["round"])] = float(row["value"])
                kinds[key] = row["unit"], row["better"]
    return values, kinds


def rounded(value, decimals, up):
    scale = 10**decimals
    shifted = value * scale
    near = round(shifted)
    if abs(shifted - near) > 1e-6:  # else exact but for the floating point
        near = math.ceil(shifted) if up else math.floor(shifted)
    return f"{near / scale:,.{decimals}f}"
