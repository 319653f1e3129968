import { exitCodes, print, runAction } from '../host/output.js';
import type { CommonOptions } from './common-options.js';
import { type Box, openBox } from './daemon-client.js';
import type { SiteTime } from './site-time.js';

/**
 * Carries out a command that is written by hand: prints what `ask` finds out at the box, as JSON or as text for people.
 * @param hasFailed - whether the answer means that the command has failed; default: no answer does
 */
export function showAnswer<Answer>(
  { config, json: isJson = false }: CommonOptions,
  ask: (box: Box) => Promise<Answer>,
  text: (answer: Answer, time: SiteTime) => string,
  hasFailed: (answer: Answer) => boolean = () => false,
): Promise<void> {
  return runAction(isJson, async () => {
    const box = await openBox(config);
    const answer = await ask(box);
    print(isJson, answer, () => text(answer, box.time));
    return hasFailed(answer) ? exitCodes.failed : exitCodes.done;
  });
}
