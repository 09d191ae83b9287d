import { Argument, type Command } from 'commander';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** `retain completion SHELL`: prints the completion script of a shell. */
export function register(program: Command): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .summary('prints the completion script of a shell')
    .description(
      'Prints a script that completes verbs and flags. For bash: source <(retain completion bash); ' +
        'for zsh: the same in .zshrc after compinit; for fish: retain completion fish | source',
    )
    .action(async (shell: (typeof SHELLS)[number]) => {
      const { completionScript } = await import('./completion-scripts.ts');
      process.stdout.write(completionScript(shell, program));
    });
}
