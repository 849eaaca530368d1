#!/bin/bash
# Slow start: weights rise step by step; then they are set from a list.
set -euo pipefail
ipvsadm -A -t 10.0.0.1:80 -s wrr
for n in 1 2 3; do ipvsadm -a -t 10.0.0.1:80 -r "172.16.1.$n" -m -w 0; done
for step in 1 5 25 100; do
    for n in 1 2 3; do ipvsadm -e -t 10.0.0.1:80 -r "172.16.1.$n" -m -w $((step / n)); done
    ipvsadm -Ln -t 10.0.0.1:80 | awk '$1 == "->" && $3 == "Masq" { printf "%s=%s ", $2, $4 } END { print "" }'
done
while read -r server weight; do
    message=$(ipvsadm -e -t 10.0.0.1:80 -r "$server" -m -w "$weight" 2>&1) || echo "$server: $message (status $?)"
done <<'LIST'
172.16.1.1 7
172.16.1.2:80 8
172.16.1.3:80 -1
172.16.1.3:80 many
172.16.1.4:80 9
not-a-host 9
LIST
ipvsadm -Sn
