#!/bin/bash
# Takes a server out of service: no new connections, wait for those it has, remove it. There is a client with one.
vip=10.0.0.1:7000 server=172.16.1.1:80

ipvsadm -A -t $vip -s rr
ipvsadm -a -t $vip -r $server -m
ipvsadm -a -t $vip -r 172.16.1.9:80 -m -w 0
"$CLIENT" connect 10.0.0.1 7000 4 &

active() { ipvsadm -Ln -t $vip | awk -v server="$server" '$2 == server { print $5 }'; }

for ((i = 0; i < 50; i++)); do [ "$(active)" = 1 ] && break; sleep 0.1; done
echo "before: $(active) active"
ipvsadm -e -t $vip -r $server -m -w 0
for ((i = 0; i < 100; i++)); do
    [ "$(active)" = 0 ] && break
    sleep 0.2
done
echo "after: $(active) active, waited $((i > 0 ? 1 : 0))"
ipvsadm -d -t $vip -r $server
wait
ipvsadm -Sn
