import type { WriteStream } from 'node:tty';
import { shownText } from '../kernel/printable-text.js';
import type { Paint } from './colour.js';

/** A line of a screen, painted as a whole. */
export interface ScreenLine {
  readonly text: string;
  readonly outcome?: Parameters<Paint>[0];
}

export type ScreenOutput = Pick<WriteStream, 'write' | 'on' | 'off'> & {
  readonly columns?: number;
  readonly rows?: number;
};

/** The second screen of the terminal, without a cursor and without line breaks; and back to what was there before. */
const enter = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const leave = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const home = '\x1b[H';
const endOfLine = '\x1b[K';
const belowCursor = '\x1b[J';

/** Shows lines that change, on all of the terminal. Disposing it brings back what the terminal showed before. */
export class TerminalScreen implements Disposable {
  readonly #output: ScreenOutput;
  readonly #paint: Paint;
  #lines: readonly ScreenLine[] = [];

  constructor(output: ScreenOutput, paint: Paint) {
    this.#output = output;
    this.#paint = paint;
    this.#control(enter);
    output.on('resize', this.#draw);
  }

  /** Replaces what is shown. What does not fit is left out. */
  show(lines: readonly ScreenLine[]): void {
    this.#lines = lines;
    this.#draw();
  }

  [Symbol.dispose](): void {
    this.#output.off('resize', this.#draw);
    this.#control(leave);
  }

  readonly #draw = (): void => {
    const { columns = 80, rows = 24 } = this.#output;
    // Names and addresses come from elsewhere.
    const lines = this.#lines.flatMap(({ text, ...line }) =>
      wrapped(shownText(text), columns).map((piece) => ({ ...line, text: piece })),
    );
    const isTooLong = lines.length > rows;
    const shown = isTooLong ? lines.slice(0, Math.max(0, rows - 1)) : lines;
    const more = `… ${lines.length - shown.length} more lines; enlarge the window`;
    const all: readonly ScreenLine[] = isTooLong ? [...shown, { text: more }] : shown;
    const drawn = all.map(({ text, outcome }) => {
      const cut = [...text].slice(0, columns).join('');
      return `${outcome === undefined ? cut : this.#paint(outcome, cut)}${endOfLine}`;
    });
    this.#control(`${home}${drawn.join('\r\n')}${belowCursor}`);
  };

  /** The output takes control characters from nothing but bytes. */
  #control(text: string): void {
    this.#output.write(Buffer.from(text));
  }
}

/** The text in lines of at most so many characters, if its words are not longer. Further lines are indented a little more. */
export function wrapped(text: string, columns: number): readonly string[] {
  const indent = ' '.repeat(/^ */.exec(text)?.[0].length ?? 0);
  const lines: string[] = [];
  let line = '';
  for (const word of text.trimStart().split(' ')) {
    const start = lines.length === 0 ? indent : `${indent}  `;
    const longer = line === '' ? `${start}${word}` : `${line} ${word}`;
    if (line === '' || [...longer].length <= columns) line = longer;
    else {
      lines.push(line);
      line = `${indent}  ${word}`;
    }
  }
  return [...lines, line];
}
