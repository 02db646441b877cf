export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;
export type Shell = (typeof SHELLS)[number];

/** Words by command path: all a shell needs to know. Files are completed where nothing else fits. */
export function completionScript(shell: Shell, words: ReadonlyMap<string, readonly string[]>): string {
  switch (shell) {
    case "bash":
      return bash(words);
    case "zsh":
      return `autoload -Uz bashcompinit && bashcompinit\n${bash(words)}`;
    case "fish":
      return fish(words);
    case "powershell":
      return powershell(words);
  }
}

function bash(words: ReadonlyMap<string, readonly string[]>): string {
  const cases = [...words].map(([path, list]) => `    "${path}") words="${list.join(" ")}" ;;`);
  const paths = [...words.keys()].filter((path) => path !== "").map((path) => `"${path}"`);
  return `_talos_bridge() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word words="" known=(${paths.join(" ")})
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    local next="\${path:+$path }$word" each
    for each in "\${known[@]}"; do [ "$each" = "$next" ] && path="$next"; done
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _talos_bridge talos-bridge
`;
}

function fish(words: ReadonlyMap<string, readonly string[]>): string {
  const lines = [...words].flatMap(([path, list]) => {
    const steps = path === "" ? [] : path.split(" ");
    const seen = steps.map((step) => `__fish_seen_subcommand_from ${step}`).join("; and ");
    const condition = seen === "" ? "__fish_use_subcommand" : seen;
    return list.map((word) =>
      word.startsWith("--")
        ? `complete -c talos-bridge -n '${condition}' -l ${word.slice(2)}`
        : `complete -c talos-bridge -n '${condition}' -a ${word}`,
    );
  });
  return `${lines.join("\n")}\n`;
}

function powershell(words: ReadonlyMap<string, readonly string[]>): string {
  const entries = [...words].map(
    ([path, list]) => `    '${path}' = @(${list.map((word) => `'${word}'`).join(", ")})`,
  );
  return `Register-ArgumentCompleter -Native -CommandName talos-bridge -ScriptBlock {
  param($wordToComplete, $commandAst)
  $words = @{
${entries.join("\n")}
  }
  $path = ''
  foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
    $next = ("$path $element").Trim()
    if ($words.ContainsKey($next)) { $path = $next }
  }
  $words[$path] | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`;
}
