# bash completion of bpvs, bpvsadm and ipvsadm (where bpvsadm stands in for it): `bpvs complete` knows the words.
_bpvs_complete() {
    local line=${COMP_LINE:0:COMP_POINT} current before answer
    local -a words
    # Split at blanks, as the commands see them; COMP_WORDS is split at colons and equals signs, too.
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    current=${words[-1]}
    # readline replaces only what follows the last of these.
    before=${current%"${current##*[:=]}"}
    COMPREPLY=()
    while IFS= read -r answer; do
        if [[ $answer == :files ]]; then
            while IFS= read -r answer; do COMPREPLY+=("${answer#"$before"}"); done < <(compgen -f -- "$current")
            compopt -o filenames 2>/dev/null
        else
            answer=${answer%%$'\t'*}
            COMPREPLY+=("${answer#"$before"}")
        fi
    done < <(PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin bpvs complete "${words[@]}" 2>/dev/null)
    [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}
complete -F _bpvs_complete bpvs bpvsadm ipvsadm
