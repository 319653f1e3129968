import { Argument, type Command, type Option } from 'commander';
import { exitCodes, runAction } from '../../host/output.js';
import { argumentValue, commandsOf, type NamedCommand, optionValue, type ValueKind } from './command-tree.js';

/**
 * The command `rollcall completion`. It only prints the script: where shells look for scripts differs between systems.
 * @param wholeProgram - resolves with the program and all its commands
 */
export function completionCommand(wholeProgram: () => Promise<Command>): (program: Command) => void {
  return (program) =>
    program
      .command('completion')
      .addArgument(new Argument('<shell>', 'the shell').choices(['bash']))
      .description('print a script that makes a shell complete commands, options and file names')
      .action(() =>
        runAction(false, async () => {
          process.stdout.write(bashCompletion(await wholeProgram()));
          return exitCodes.done;
        }),
      );
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const flagsOf = ({ short, long }: Option): readonly string[] =>
  [short, long].filter((flag) => flag !== undefined);

/** The bash command that offers values of this kind. */
function offer(kind: ValueKind): string {
  if (kind === 'file') return '_rollcall_files -f';
  if (kind === 'folder') return '_rollcall_files -d';
  return kind === 'anything' ? ':' : `_rollcall_words ${quoted(kind.choices.join(' '))}`;
}

/** The case for the words of a command: offers its subcommands, its options, or values of its argument. */
function placeOf({ words, command }: NamedCommand): string {
  const options = [...command.options.flatMap((option) => option.long ?? []), '--help'].join(' ');
  const subcommands = command.commands.map((sub) => sub.name()).join(' ');
  const [argument] = command.registeredArguments;
  const value = argument === undefined ? ':' : offer(argumentValue(argument));
  const here = subcommands === '' ? value : `_rollcall_words ${quoted(subcommands)}`;
  return `    ${quoted(words.join(' '))}) _rollcall_place ${quoted(options)} ${here} ;;`;
}

/** The cases for options that take a value. */
function slotsOf({ words, command }: NamedCommand): readonly string[] {
  return command.options.flatMap((option) => {
    const kind = optionValue(option);
    if (kind === undefined) return [];
    const patterns = flagsOf(option).map((flag) => quoted(`${words.join(' ')} ${flag}`));
    return `    ${patterns.join(' | ')}) ${offer(kind)}; return ;;`;
  });
}

/** The completion script for bash. It contains all commands and options, so completion starts no program. */
export function bashCompletion(program: Command): string {
  const all = commandsOf(program);
  const paths = all.slice(1).map(({ words }) => quoted(words.join(' ')));
  const several = all.flatMap(({ command }) => command.options.filter((option) => option.variadic));
  return `# Completion of rollcall in bash, made by 'rollcall completion bash'.

_rollcall_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

_rollcall_files() {
  mapfile -t COMPREPLY < <(compgen "$1" -- "$current")
  compopt -o filenames 2>/dev/null
}

_rollcall_place() {
  if [[ $current == -* ]]; then _rollcall_words "$1"; else "\${@:2}"; fi
}

_rollcall() {
  # The words are read from the line: bash also splits them at each ":" and "=".
  local line="\${COMP_LINE:0:COMP_POINT}" path='rollcall' slot='' current='' word words
  COMPREPLY=()
  read -ra words <<<"$line"
  if [[ $line != *[[:space:]] ]]; then
    current="\${words[-1]}"
    unset 'words[-1]'
  fi
  for word in "\${words[@]:1}"; do
    case "$word" in
      -*) slot="$word" ;;
      *) case "$slot" in ${several.flatMap(flagsOf).join(' | ')}) ;; *) slot='' ;; esac ;;
    esac
    case "$path $word" in
${paths.map((path) => `      ${path}`).join(' | \\\n')}) path="$path $word" ;;
    esac
  done
  if [[ $current == --*=* ]]; then
    slot="\${current%%=*}"
    current="\${current#*=}"
  fi
  _rollcall_offer
  # Bash replaces only the text after the last ":".
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
    COMPREPLY=("\${COMPREPLY[@]#"\${current%"\${current##*:}"}"}")
  fi
}

_rollcall_offer() {
  case "$path $slot" in
${all.flatMap(slotsOf).join('\n')}
  esac
  case "$path" in
${all.map(placeOf).join('\n')}
  esac
}

complete -F _rollcall rollcall
`;
}
