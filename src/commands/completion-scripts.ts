import type { Command, Option } from 'commander';

/** What completion needs of one verb. */
interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
}

interface Flag {
  readonly long: string;
  readonly summary: string;
  readonly takesValue: boolean;
  /** Values to offer; empty where files are. */
  readonly choices: readonly string[];
}

/** The completion script of a shell, made from the program itself, so that it never lags behind the flags. */
export function completionScript(shell: 'bash' | 'zsh' | 'fish', program: Command): string {
  const verbs = verbsOf(program);
  if (shell === 'bash') return bashScript(verbs);
  // zsh runs the bash script through its own bridge.
  return shell === 'zsh' ? `autoload -U +X bashcompinit && bashcompinit\n${bashScript(verbs)}` : fishScript(verbs);
}

function verbsOf(program: Command): Verb[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((command) => ({
      name: command.name(),
      summary: command.summary(),
      flags: command.createHelp().visibleOptions(command).map(flagOf),
    }));
}

function flagOf(option: Option): Flag {
  const value = option.required || option.optional;
  // The choices of --format stand in its description, where the help shows them too.
  const listed = /^one of (.+)$/.exec(option.description)?.[1]?.split(', ') ?? [];
  return {
    long: option.long ?? option.short ?? '',
    summary: option.description,
    takesValue: value,
    choices: option.argChoices ?? listed,
  };
}

function bashScript(verbs: readonly Verb[]): string {
  const flagCases = verbs.map(
    ({ name, flags }) => `    ${name}) words="${flags.map(({ long }) => long).join(' ')}" ;;`,
  );
  const choices = new Map(verbs.flatMap(({ flags }) => flags).map((flag) => [flag.long, flag]));
  const valueCases = [...choices.values()]
    .filter(({ takesValue }) => takesValue)
    .map(({ long, choices: values }) =>
      values.length > 0
        ? `    ${long}) COMPREPLY=($(compgen -W "${values.join(' ')}" -- "$word")); return ;;`
        : `    ${long}) COMPREPLY=($(compgen -f -- "$word")); return ;;`,
    );
  return `# bash completion of retain
_retain() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" verb="\${COMP_WORDS[1]}" words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${verbs.map(({ name }) => name).join(' ')} --help --version" -- "$word"))
    return
  fi
  case "$before" in
${valueCases.join('\n')}
  esac
  case "$verb" in
${flagCases.join('\n')}
    help) words="${verbs.map(({ name }) => name).join(' ')}" ;;
  esac
  case "$verb" in
    completion) words="$words bash zsh fish" ;;
  esac
  if [ "$verb" != completion ] && [ "$verb" != help ] && [ "\${word#-}" = "$word" ]; then
    COMPREPLY=($(compgen -f -- "$word"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  fi
}
complete -o filenames -F _retain retain
`;
}

function fishScript(verbs: readonly Verb[]): string {
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = verbs.flatMap(({ name, summary, flags }) => [
    `complete -c retain -f -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
    ...flags.map(({ long, summary: text, takesValue, choices }) => {
      const values = choices.length > 0 ? ` -x -a ${quote(choices.join(' '))}` : takesValue ? ' -r' : '';
      const condition = quote(`__fish_seen_subcommand_from ${name}`);
      return `complete -c retain -n ${condition} -l ${long.replace(/^--/, '')}${values} -d ${quote(text)}`;
    }),
  ]);
  const shells = "complete -c retain -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'";
  return `# fish completion of retain\n${[...lines, shells].join('\n')}\n`;
}
