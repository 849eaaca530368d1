#!/bin/sh
# What is saved, restored and saved again is the same; also in files of other people's habits.
set -e
file=$(mktemp)
trap 'rm -f "$file" "$file.2"' EXIT
ipvsadm -A -t 10.0.0.1:http -s wrr
ipvsadm -a -t 10.0.0.1:http -r 172.16.1.1:http -m -w 3
ipvsadm --add-service --udp-service 10.0.0.1:domain --scheduler=rr
ipvsadm --add-server --udp-service=10.0.0.1:domain --real-server 172.16.1.2 --masquerading --weight 0
ipvsadm-save >"$file"
cat "$file"
ipvsadm-save -n >"$file.2"
ipvsadm --clear
ipvsadm-restore <"$file"
ipvsadm --save --numeric | cmp - "$file.2" && echo "the same"
ipvsadm -C
ipvsadm -R <<EOF
-A -t 10.0.0.2:8080 -s rr
-a -t 10.0.0.2:8080 -r 172.16.1.3 -m

-a -t 10.0.0.2:8080 -r 172.16.1.4:80 -w 7 -m
EOF
echo "status $?"
sed 's/^/ipvsadm /' "$file.2" | ipvsadm -R
ipvsadm -S -n
