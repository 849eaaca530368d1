#!/bin/bash
# Servers that do not answer get weight 0, and their weight back when they do. Port 80 answers, port 81 does not.
ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 172.16.1.1:80 -m -w 4
ipvsadm -a -t 10.0.0.1:80 -r 172.16.1.1:81 -m -w 4

check() {
    ipvsadm -S -n | while read -r command _ service _ server method _ weight; do
        [ "$command" = -a ] || continue
        if timeout 2 bash -c ": </dev/tcp/${server/:/\/}" 2>/dev/null; then wanted=4; else wanted=0; fi
        if [ "$weight" != $wanted ]; then
            ipvsadm -e -t "$service" -r "$server" "$method" -w $wanted
            echo "$server of $service: weight $weight becomes $wanted"
        fi
    done
}
check
check
ipvsadm -e -t 10.0.0.1:80 -r 172.16.1.1:80 -m -w 0
check
ipvsadm -Ln
