// What a shell runs when Tab is pressed. All of them ask `denodino complete WORDS...`, which answers
// a line for each way to go on with the last word: the whole word, a tab, what it means.

/** The shells that are known. */
export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

/** The script of a shell, to be read by it when it starts. */
export function completionScript(shell: typeof SHELLS[number]): string {
  switch (shell) {
    case "bash":
      return BASH;
    case "zsh":
      return ZSH;
    case "fish":
      return FISH;
    case "powershell":
      return POWERSHELL;
  }
}

/**
 * Words are split at spaces alone, since bash has its own idea of = and :, and never evaluated. It
 * replaces only what follows the last = or :, so that much is cut off each answer.
 */
const BASH = `_denodino() {
  local line="\${COMP_LINE:0:COMP_POINT}" words word kept reply
  read -r -a words <<< "$line"
  [[ "$line" == *" " ]] && words+=("")
  word="\${words[\${#words[@]}-1]}"
  kept="\${word%"\${word##*[=:]}"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r reply _; do
    [[ -n "$reply" ]] && COMPREPLY+=("\${reply#"$kept"}")
  done < <(denodino complete -- "\${words[@]:1}" 2>/dev/null)
  [[ \${#COMPREPLY[@]} -eq 1 && "\${COMPREPLY[0]}" == *[=.] ]] && compopt -o nospace
  return 0
}
complete -o default -F _denodino denodino`;

const ZSH = `_denodino() {
  local reply text hint
  local -a whole parts
  while IFS=$'\\t' read -r text hint; do
    [[ -z "$text" ]] && continue
    reply="\${text//:/\\\\:}:$hint"
    if [[ "$text" == *[=.] ]]; then parts+=("$reply"); else whole+=("$reply"); fi
  done < <(denodino complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( $#whole + $#parts == 0 )); then
    compset -P '*='
    _files
    return
  fi
  _describe denodino whole -- parts -S ''
}
compdef _denodino denodino`;

const FISH = `function __denodino_complete
  set -l words (commandline -opc) (commandline -ct)
  denodino complete -- $words[2..-1] 2>/dev/null
end
# Files are for what has no answer of ours.
complete -c denodino -f -n 'count (__denodino_complete) >/dev/null' -a '(__denodino_complete)'`;

const POWERSHELL = `Register-ArgumentCompleter -Native -CommandName denodino -ScriptBlock {
  param($word, $ast, $position)
  $words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  if ($word -eq '') { $words += '' }
  denodino complete -- @words 2>$null | ForEach-Object {
    $text, $hint = $_ -split "\`t", 2
    if (-not $hint) { $hint = $text }
    [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $hint)
  }
}`;
