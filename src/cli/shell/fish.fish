# Completions of regua for fish. They ask regua itself, and so know the names in the database.
function __regua_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer ($words[1] complete fish -- $words "$current" 2>/dev/null)
    set -l paths "$answer[1]"
    set -e answer[1]
    printf '%s\n' $answer
    switch $paths
        case files
            __fish_complete_path "$current"
        case folders
            __fish_complete_directories "$current"
    end
end
complete -c regua -f -a '(__regua_complete)'
