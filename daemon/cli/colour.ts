import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import type { CheckOutcome } from '../kernel/check-outcome.js';

/** Colours a text by its outcome. */
export type Paint = (outcome: CheckOutcome, text: string) => string;

/** No colours: for files, pipes and programs. */
export const plain: Paint = (_outcome, text) => text;

const colours = { ok: 'green', warning: 'yellow', failed: 'red' } as const;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Chooses between colours and plain text for a stream. FORCE_COLOR decides if it is set, as in Node.js. Otherwise only a
 * terminal gets colours, unless NO_COLOR is set (no-color.org) or TERM is `dumb`.
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

/** `paintFor` has checked the stream already. Without `validateStream: false`, Node.js 22 checks standard output again. */
const painted: Paint = (outcome, text) => styleText(colours[outcome], text, { validateStream: false });
