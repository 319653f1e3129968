import { readFileSync } from 'node:fs';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Clock } from '../kernel/clock.js';

/** How a terminal takes pictures. */
export type PictureProtocol = 'kitty' | 'iterm2' | 'sixel';

type Environment = Readonly<Record<string, string | undefined>>;

/** The terminal of a command: what shows its output, what reads its keys, and what the environment tells about it. */
export interface PictureTerminal {
  readonly stdout: Pick<WriteStream, 'write'> & {
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  };
  readonly stdin: Pick<ReadStream, 'on' | 'off' | 'resume' | 'pause'> & {
    readonly isTTY?: boolean;
    readonly isRaw?: boolean;
    setRawMode?(isRaw: boolean): unknown;
  };
  readonly environment: Environment;
  readonly clock: Clock;
  /** Whether the command may read keys: reading in the background would stop it. */
  isInForeground(): boolean;
}

/** How long a terminal may take to say what it is, milliseconds. Far terminals answer through two networks. */
const answerWithinMs = 2_000;
/** "What are you?" (primary device attributes). Every terminal since the VT100 answers. */
const question = Buffer.from('\x1b[c');
const answer = /\[\?([\d;]*)c/;
/** The attribute of terminals that show sixels. */
const sixelAttribute = '4';

/** How the terminal takes pictures; undefined if it takes none, or does not say so. */
export async function pictureProtocol(terminal: PictureTerminal): Promise<PictureProtocol | undefined> {
  const { stdout, environment } = terminal;
  if (stdout.isTTY !== true) return undefined;
  return named(environment) ?? ((await showsSixels(terminal)) ? 'sixel' : undefined);
}

/** By name. Within tmux or screen the names tell about the outer terminal, which gets no pictures from there. */
function named(environment: Environment): PictureProtocol | undefined {
  const { TERM: term = '', TERM_PROGRAM: program = '', LC_TERMINAL: remote } = environment;
  if (isMultiplexed(environment)) return undefined;
  if (environment['KITTY_WINDOW_ID'] !== undefined || /kitty|ghostty/.test(term) || program === 'ghostty') {
    return 'kitty';
  }
  if (['iTerm.app', 'WezTerm', 'mintty'].includes(program) || remote === 'iTerm2') return 'iterm2';
  return undefined;
}

function isMultiplexed({ TERM: term = '', TMUX: tmux, STY: screen }: Environment): boolean {
  return tmux !== undefined || screen !== undefined || /^(?:screen|tmux)/.test(term);
}

/** Asks the terminal. It reads the answer without showing it, and gives up in the end. */
async function showsSixels({ stdout, stdin, environment, clock, isInForeground }: PictureTerminal) {
  const { TERM: term = '' } = environment;
  const canAsk =
    stdin.isTTY === true && stdin.setRawMode !== undefined && !['', 'dumb', 'linux'].includes(term);
  if (!canAsk || !isInForeground()) return false;
  const wasRaw = stdin.isRaw === true;
  stdin.setRawMode?.(true);
  const attributes = await new Promise<string>((resolve) => {
    let read = '';
    const finish = (found: string): void => {
      timer.cancel();
      stdin.off('data', take);
      resolve(found);
    };
    const take = (bytes: Buffer): void => {
      read += bytes.toString('latin1');
      const [, found] = answer.exec(read) ?? [];
      if (found !== undefined) finish(found);
    };
    const timer = clock.after(answerWithinMs, () => finish(''));
    stdin.on('data', take);
    stdin.resume();
    stdout.write(question);
  });
  stdin.pause();
  stdin.setRawMode?.(wasRaw);
  return attributes.split(';').includes(sixelAttribute);
}

/** Whether this process belongs to the job that the terminal serves now; false if the kernel does not tell. */
export function isForegroundJob(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    // The name of the program may contain spaces and parentheses. After it: state, parent, process group, session, terminal, its group.
    const [, , group, , , ofTerminal] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return group === ofTerminal;
  } catch {
    return false;
  }
}
