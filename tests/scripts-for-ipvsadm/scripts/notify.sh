#!/bin/bash
# In the manner of a VRRP daemon's notify script: services come and go with the state of the instance.
services() { # COMMAND: the service's part of each line
    for service in "-t 10.0.0.1:80 rr" "-t 10.0.0.1:443 wrr" "-u 10.0.0.1:53 rr"; do
        # shellcheck disable=SC2086 # words are wanted
        set -- "$1" $service
        case $1 in
        add)
            ipvsadm -A "$2" "$3" -s "$4"
            for host in 1 2; do ipvsadm -a "$2" "$3" -r "172.16.1.$host" --masquerading; done
            ;;
        delete) ipvsadm -D "$2" "$3" ;;
        esac
    done
}

notify() { # GROUP|INSTANCE NAME STATE
    case $3 in
    MASTER) services add ;;
    BACKUP | FAULT) services delete ;;
    *) echo "unknown state $3" >&2 && return 1 ;;
    esac
    echo "$2 is $3: status $?, $(ipvsadm -Ln | grep -c '^[TU]') services"
}

notify INSTANCE VI_1 BACKUP
notify INSTANCE VI_1 MASTER
notify INSTANCE VI_1 MASTER
notify INSTANCE VI_1 FAULT
notify INSTANCE VI_1 BORED
ipvsadm -Ln
