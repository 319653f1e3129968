import type { Reader } from '../contract/command-line.js';
import { exitCodes, print, runAction } from '../host/output.js';
import type { CommonOptions } from './common-options.js';
import { type Box, openBox } from './daemon-client.js';
import type { SiteTime } from './site-time.js';

/** Who reads the text of a command. */
export type TerminalReader = SiteTime & Reader & Pick<Box, 'language'>;

/**
 * Carries out a command that is written by hand: prints what `ask` finds out at the box, as JSON or as text for people.
 * @param hasFailed - whether the answer means that the command has failed; default: no answer does
 */
export function showAnswer<Answer>(
  { config, json: isJson = false }: CommonOptions,
  ask: (box: Box) => Promise<Answer>,
  text: (answer: Answer, reader: TerminalReader) => string,
  hasFailed: (answer: Answer) => boolean = () => false,
): Promise<void> {
  return runAction(isJson, async () => {
    const box = await openBox(config);
    const answer = await ask(box);
    const { time, language } = box;
    print(isJson, answer, () => text(answer, { ...time, say: language.say, language }));
    return hasFailed(answer) ? exitCodes.failed : exitCodes.done;
  });
}
