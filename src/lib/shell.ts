/** A word of a command that a person may paste into a shell: quoted where the shell would read more into it. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
