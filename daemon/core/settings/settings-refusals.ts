import type { ConfigurationProblem } from '../../contract/configuration.js';
import { nearestWord } from '../../contract/settings/nearest-word.js';
import type { RollcallError } from '../../kernel/errors.js';
import { failure, refusal } from '../../words/errors.js';

const lines = (problems: readonly ConfigurationProblem[]): string =>
  problems.map(({ path, message }) => `${path} ${message}`.trim()).join('; ');

/** Why a change of settings is not put in force. */
export const refusals = {
  oneOfTwo: (): RollcallError => refusal('change-refused:one-form'),
  tooLong: (most: number): RollcallError => refusal('change-refused:too-long', { most }),
  unknown: (path: string, known: readonly string[]): RollcallError => {
    const near = nearestWord(path, known);
    return refusal(
      'setting-unknown',
      { path },
      {
        remedy:
          near === undefined
            ? 'See docs/reference/configuration.md for all settings.'
            : `Did you mean "${near}"?`,
      },
    );
  },
  ofConfiguration: (path: string): RollcallError => refusal('setting-of-configuration', { path }),
  changedMeanwhile: (revision: number): RollcallError =>
    refusal('changed-meanwhile:settings', {}, { details: { revision } }),
  refused: (problems: readonly ConfigurationProblem[]): RollcallError =>
    refusal('settings-refused', { problems: lines(problems) }, { details: { problems } }),
  notInForce: (problems: readonly string[]): RollcallError =>
    failure('configuration-refused:settings', { problems: problems.join('; ') }),
};
