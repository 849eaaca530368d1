#!/bin/sh
# The table as comma-separated lines, by awk over ipvsadm -Ln.
for port in 80 443 8080; do
    ipvsadm -A -t 10.0.0.1:$port -s rr
    for host in 1 2 3; do ipvsadm -a -t 10.0.0.1:$port -r 172.16.1.$host:$port -m -w $((port % 7 + host)); done
done
ipvsadm -A -u 10.0.0.1:514 -s wrr
ipvsadm -a -u 10.0.0.1:514 -r 172.16.1.200:51400 -m -w 65535
ipvsadm -L -n | awk '
    /^(TCP|UDP)/ { protocol = $1; vip = $2; scheduler = $3; next }
    $1 == "->" && $2 != "RemoteAddress:Port" { print protocol "," vip "," scheduler "," $2 "," $3 "," $4 "," $5 "," $6; total[vip] += $4 }
    END { n = asorted(); }
    function asorted() { for (vip in total) print "total," vip "," total[vip] | "sort"; close("sort") }'
echo "$(ipvsadm -Ln | grep -c Masq) servers; $(ipvsadm -Ln | sed -n 1p | cut -d" " -f1-3)"
ipvsadm -l -n | grep -E '^ +->' | tail -n +2 | sort -k4,4n | head -3
