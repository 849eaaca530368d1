#!/bin/bash
# Decides by exit statuses and by words of the messages, as scripts do.
try() {
    local message status
    message=$(ipvsadm "$@" 2>&1 >/dev/null)
    status=$?
    case $status:$message in
    0:*) echo "done: $*" ;;
    *"already exists"*) echo "is there already ($status): $*" ;;
    *"No such service"* | *"not defined"*) echo "no such service ($status): $*" ;;
    *"No such destination"*) echo "no such server ($status): $*" ;;
    *"Scheduler"*) echo "no such scheduler ($status): $*" ;;
    2:*) echo "wrong command line: $* ($message)" ;;
    *) echo "status $status: $* ($message)" ;;
    esac
}
try -A -t 10.0.0.1:80 -s rr
try -A -t 10.0.0.1:80 -s rr
try -E -t 10.0.0.1:81 -s rr
try -E -t 10.0.0.1:80 -s nosuch
try -a -t 10.0.0.1:80 -r 172.16.1.1 -m
try -a -t 10.0.0.1:80 -r 172.16.1.1 -m
try -a -t 10.0.0.1:81 -r 172.16.1.1 -m
try -e -t 10.0.0.1:80 -r 172.16.1.2 -m
try -d -t 10.0.0.1:80 -r 172.16.1.2
try -a -t 10.0.0.1:80 -r 255.255.255.255 -m
try -L -n -t 10.0.0.1:80
try -L -n -t 10.0.0.1:81
try -Z -t 10.0.0.1:81
try -A -t 10.0.0.1 -s rr
try -A -t 10.0.0.1:http -r 172.16.1.1
try -a -t 10.0.0.1:80
try -A --bogus
try -t 10.0.0.1:80 -A
try --set 1 2
try -D -t 10.0.0.1:80
try -D -t 10.0.0.1:80
ipvsadm -Ln
