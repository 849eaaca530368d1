#!/bin/bash
# As a configuration management does it: wanted and present lines are compared, only differences are carried out.
wanted=$(mktemp) present=$(mktemp)
trap 'rm -f "$wanted" "$present"' EXIT

converge() {
    local changed=0 line
    sort >"$wanted"
    ipvsadm -S -n | sort >"$present"
    while read -r line; do # what is too much, servers before services
        read -ra words <<<"$line"
        case ${words[0]} in
        -a) ipvsadm -d "${words[@]:1:4}" ;;
        -A) ipvsadm -D "${words[@]:1:2}" ;;
        esac && changed=$((changed + 1))
    done < <(comm -13 "$wanted" "$present" | sort -r)
    while read -r line; do # what is missing, services before servers
        read -ra words <<<"$line"
        ipvsadm "${words[@]}" && changed=$((changed + 1))
    done < <(comm -23 "$wanted" "$present" | sort)
    echo "changed=$changed"
}

state() { cat <<END
-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 172.16.1.1:80 -m -w $1
-a -t 10.0.0.1:80 -r 172.16.1.2:80 -m -w 1
END
}
state 1 | converge
state 1 | converge
state 5 | converge
{ state 5; echo "-A -u 10.0.0.1:53 -s wrr"; } | converge
echo "-A -u 10.0.0.1:53 -s wrr" | converge
ipvsadm -Sn
converge </dev/null
ipvsadm -Sn
