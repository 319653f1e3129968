import { type ParseArgsConfig, parseArgs } from 'node:util';

/** `[--name VALUE]` for each option, with its default where it has one. */
function shownOptions(options: NonNullable<ParseArgsConfig['options']>): string {
  return Object.entries(options)
    .map(([name, { type, multiple, default: standard }]) => {
      const value = typeof standard === 'string' && standard !== '' ? standard : 'VALUE';
      return ` [--${name}${type === 'boolean' ? '' : ` ${value}`}]${multiple ? '...' : ''}`;
    })
    .join('');
}

/**
 * `parseArgs` for the people who call a script. `--help` prints the usage and ends the process with 0. Arguments that the script
 * doesn't take end it with 2, and print why and the usage.
 * @param usage a whole text, or in one line the command alone: its options are listed behind it
 */
export function readOptions<const T extends ParseArgsConfig>(
  usage: string,
  config: T,
): ReturnType<typeof parseArgs<T>> {
  const text = usage.includes('\n') ? usage : `usage: ${usage}${shownOptions(config.options ?? {})}\n`;
  const args = config.args ?? process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(text);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    if (!(error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')))
      throw error;
    // Without the advice of Node.js about arguments that begin with a dash.
    process.stderr.write(`${error.message.split('. To ')[0]}\n\n${text}`);
    process.exit(2);
  }
}
