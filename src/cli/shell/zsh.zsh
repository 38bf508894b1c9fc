#compdef regua
# Completions of regua for zsh. They ask regua itself, and so know the names in the database.
_regua() {
    local -a answer
    answer=("${(@f)$("${(Q)words[1]}" complete zsh -- "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    local paths="$answer[1]"
    answer=("${(@)answer[2,-1]}")
    (( $#answer )) && _describe -V regua answer
    case "$paths" in
        files) _files ;;
        folders) _files -/ ;;
    esac
}
if [ "$funcstack[1]" = _regua ]; then
    _regua "$@"
else
    compdef _regua regua
fi
