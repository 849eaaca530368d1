#!/bin/sh
# Swaps all services from the blue farm to the green one by a file, and back if the file is bad.
set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

farm() { # NETWORK
    for port in 80 443; do
        echo "-A -t 10.0.0.1:$port -s wrr"
        for host in 1 2 3; do echo "-a -t 10.0.0.1:$port -r $1.$host:$port -m -w $((host * 10))"; done
    done
}

swap() { # FILE
    ipvsadm-save -n >"$dir/backup"
    ipvsadm -C
    if ipvsadm-restore <"$1"; then
        echo "swapped to $(basename "$1")"
    else
        echo "restoring failed with $?"
        ipvsadm -C
        ipvsadm-restore <"$dir/backup"
    fi
}

farm 172.16.1 >"$dir/blue"
farm 172.16.2 >"$dir/green"
{ farm 172.16.3; echo "-a -t 10.0.0.1:80 -r"; } >"$dir/bad"
swap "$dir/blue"
ipvsadm -Ln
swap "$dir/green"
ipvsadm -Ln
swap "$dir/bad" 2>/dev/null
ipvsadm -Ln
