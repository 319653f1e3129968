import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';

/** Colours a text by what it says: whether all is well. */
export type Paint = (outcome: 'ok' | 'warning' | 'failed', text: string) => string;

/** No colours: for files, pipes and programs. */
export const plain: Paint = (_outcome, text) => text;

const colours = { ok: 'green', warning: 'yellow', failed: 'red' } as const;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What colours a text for this stream. FORCE_COLOR decides where it is set, as for Node.js itself; otherwise only a terminal
 * gets colours, and none where NO_COLOR is set (no-color.org) or TERM is `dumb`.
 */
export function paintFor(
  stream: Pick<WriteStream, 'hasColors'> & { readonly isTTY?: boolean },
  environment: Environment = process.env,
): Paint {
  const forced = environment['FORCE_COLOR'];
  const isColoured =
    forced === undefined
      ? stream.isTTY === true && stream.hasColors(environment)
      : !['0', 'false'].includes(forced);
  return isColoured ? painted : plain;
}

/** The stream was looked at before: Node.js 22 would look at standard output by itself. */
const painted: Paint = (outcome, text) => styleText(colours[outcome], text, { validateStream: false });
