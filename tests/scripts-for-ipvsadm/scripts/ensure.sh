#!/bin/sh
# Idempotent: whatever is there, afterwards the service and its servers are as wanted. Says what it had to do.
set -eu

ensure_service() { # SERVICE SCHEDULER
    if ipvsadm -Ln -t "$1" >/dev/null 2>&1; then
        case "$(ipvsadm -Ln -t "$1")" in
        *"TCP  $1 $2"*) echo "service $1: ok" ;;
        *) ipvsadm -E -t "$1" -s "$2" && echo "service $1: edited" ;;
        esac
    else
        ipvsadm -A -t "$1" -s "$2" && echo "service $1: added"
    fi
}

ensure_server() { # SERVICE SERVER WEIGHT
    if ipvsadm -a -t "$1" -r "$2" -m -w "$3" 2>/dev/null; then
        echo "server $2: added"
    elif ipvsadm -e -t "$1" -r "$2" -m -w "$3"; then
        echo "server $2: edited"
    fi
}

for scheduler in rr rr wrr; do
    ensure_service 10.0.0.1:80 $scheduler
    ensure_server 10.0.0.1:80 172.16.1.1:80 10
    ensure_server 10.0.0.1:80 172.16.1.2:8080 20
done
ipvsadm -Ln
