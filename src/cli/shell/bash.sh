# Completions of regua for bash. They ask regua itself, and so know the names in the database.
_regua() {
    local -a answer more
    local program="${1/#\~/$HOME}" current="$2"
    mapfile -t answer < <("$program" complete bash -- "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    COMPREPLY=("${answer[@]:1}")
    case "${answer[0]-}" in
        files) mapfile -t more < <(compgen -f -- "$current") ;;
        folders) mapfile -t more < <(compgen -d -- "$current") ;;
    esac
    if [ "${#more[@]}" -gt 0 ]; then
        compopt -o filenames 2>/dev/null
        COMPREPLY+=("${more[@]}")
    fi
    if [ "${#COMPREPLY[@]}" -eq 1 ] && [[ "${COMPREPLY[0]}" == *= ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _regua regua
