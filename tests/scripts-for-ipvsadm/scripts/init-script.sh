#!/bin/sh
# start, stop, restart, save, status of the table, as init scripts had it.
rules=$(mktemp)
trap 'rm -f "$rules"' EXIT

service_ipvsadm() {
    case "$1" in
    start) ipvsadm-restore <"$rules" && echo "loaded" ;;
    stop) ipvsadm -C && echo "cleared" ;;
    restart) service_ipvsadm stop && service_ipvsadm start ;;
    save) ipvsadm-save -n >"$rules" && echo "saved $(wc -l <"$rules") lines" ;;
    status)
        if [ "$(ipvsadm -Ln | wc -l)" -gt 3 ]; then echo "active"; else echo "inactive"; fi
        ;;
    esac
}

service_ipvsadm status
ipvsadm -A -t 10.0.0.1:25 -s rr
ipvsadm -a -t 10.0.0.1:25 -r 172.16.1.1 -m
ipvsadm -A -t 10.0.0.1:110 -s wrr
ipvsadm -a -t 10.0.0.1:110 -r 172.16.1.1 -m -w 3
ipvsadm --set 600 30 60
for action in save status stop status start status restart status; do
    echo "$action: $(service_ipvsadm $action)"
done
ipvsadm -L --timeout
ipvsadm -L -n --sort
