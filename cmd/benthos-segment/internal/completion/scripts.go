package completion

// scripts are those that are printed. Each of them asks the binary that stands
// at the front of the line what may stand under the cursor, and completes the
// names of files where it has no answer.
var scripts = []struct{ shell, text string }{
	{"bash", `# bash completion for NAME

_FUNCTION() {
  local current="${COMP_WORDS[COMP_CWORD]}" IFS=$'\n' found
  COMPREPLY=()
  found=$("${COMP_WORDS[0]}" ASKED "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1) || return
  [ "$current" = '=' ] && current=''
  COMPREPLY=($(compgen -W "$found" -- "$current"))
}
complete -o bashdefault -o default -F _FUNCTION NAME
`},
	{"zsh", `#compdef NAME
# zsh completion for NAME

_NAME() {
  local -a lines candidates
  local line does tab=$'\t'
  lines=("${(@f)$("${words[1]}" ASKED "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in "${lines[@]}"; do
    [ -n "$line" ] || continue
    does=${line#*$tab}
    candidates+=("${${line%%$tab*}//:/\\:}${does:+:$does}")
  done
  if (( ${#candidates} )); then
    _describe NAME candidates
  else
    _files
  fi
}

# Sourced, or read from the folders of functions by its first use.
if [ "${funcstack[1]}" = _NAME ]; then
  _NAME "$@"
else
  compdef _NAME NAME
fi
`},
	{"fish", `# fish completion for NAME

function __FUNCTION_candidates
    set -l line (commandline -opc)
    set -l found ($line[1] ASKED $line[2..] (commandline -ct) 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c NAME -f -a '(__FUNCTION_candidates)'
`},
}
