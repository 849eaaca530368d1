#!/bin/bash
# Counters for a monitoring system: five datagrams there and back, as they are counted; then zeroed.
ipvsadm -A -u 10.0.0.1:53 -s rr
ipvsadm -a -u 10.0.0.1:53 -r 172.16.1.1:53 -m
"$CLIENT" datagrams 10.0.0.1 53 5 100
sleep 2.5 # IPVS sums its counters every two seconds

metrics() {
    ipvsadm -Ln --stats --exact | awk '
        /^(TCP|UDP)/ { service = $2; kind = "service"; name = service }
        /^  -> [0-9]/ { kind = "server"; name = service "\",server=\"" $2 }
        /^(TCP|UDP|  -> [0-9])/ {
            split("connections in_packets out_packets in_bytes out_bytes", metric)
            for (i = 1; i <= 5; i++) printf "lvs_%s_%s{service=\"%s\"} %s\n", kind, metric[i], name, $(i + 2)
        }'
}
metrics
ipvsadm -Z
metrics | awk '{ sum += $2 } END { print "sum after -Z: " sum }'
ipvsadm -Ln --stats | sed -n '2,$p'
ipvsadm -Lcn | awk '$1 == "UDP" { print $1, $3, $5, $6 }'
