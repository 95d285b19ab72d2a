# bash completion of mta-sts: commands and options, from what --help prints

_mta_sts() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local program=${COMP_WORDS[0]} command=${COMP_WORDS[1]} words

    COMPREPLY=()

    if [ "$COMP_CWORD" = 1 ]; then
        words=$("$program" --help 2>/dev/null \
                | sed -n 's/^    \([a-z][a-z-]*\)  .*/\1/p')
        mapfile -t COMPREPLY < <(compgen -W "$words --help --version" -- "$current")
        return
    fi

    case $previous in
        -f)
            words=$("$program" "$command" --help 2>/dev/null \
                    | sed -n '/^formats:/,$s/^    \([a-z][a-z-]*\) .*/\1/p')
            mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
            return
            ;;
        -c|-d|-o|-p|--ca|--state|--tree|--table|--metrics|--exec|--domains-from)
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            compopt -o filenames 2>/dev/null
            return
            ;;
    esac

    if [ "${current:0:1}" = - ]; then
        words=$("$program" "$command" --help 2>/dev/null \
                | sed -n '/^options:/,$s/^    \(--*[a-z-]*\).*/\1/p')
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    fi
}

complete -F _mta_sts mta-sts
