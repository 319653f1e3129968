import type { ConfigurationProblem } from '../../contract/configuration.js';
import { nearestWord } from '../../contract/settings/nearest-word.js';
import { badInput, operational, type RollcallError } from '../../kernel/errors.js';

const lines = (problems: readonly ConfigurationProblem[]): string =>
  problems.map(({ path, message }) => `${path} ${message}`.trim()).join('; ');

/** Why a change of settings is not put in force. */
export const refusals = {
  oneOfTwo: (): RollcallError =>
    badInput('change-refused', 'the request has neither settings nor a text, or both', {
      remedy: 'Give the new values in "settings", or the whole settings file in "text".',
    }),
  tooLong: (most: number): RollcallError =>
    badInput('change-refused', `the settings file would have more than ${most} characters`, {
      remedy: 'Shorten lists such as holidays, or move settings to the configuration file of the machine.',
    }),
  unknown: (path: string, known: readonly string[]): RollcallError => {
    const near = nearestWord(path, known);
    return badInput('setting-unknown', `there is no setting '${path}'`, {
      remedy:
        near === undefined
          ? 'See docs/reference/configuration.md for all settings.'
          : `Did you mean "${near}"?`,
    });
  },
  ofConfiguration: (path: string): RollcallError =>
    badInput('setting-of-configuration', `the setting '${path}' cannot be changed over the API`, {
      remedy: "Change it in the configuration file, then reload: 'systemctl reload rollcalld'.",
    }),
  changedMeanwhile: (revision: number): RollcallError =>
    badInput('changed-meanwhile', 'the settings have changed since you read them', {
      remedy: 'Read them again, then repeat the change with the new revision.',
      details: { revision },
    }),
  refused: (problems: readonly ConfigurationProblem[]): RollcallError =>
    badInput('settings-refused', `these settings cannot be used: ${lines(problems)}`, {
      remedy: 'Correct them; docs/reference/configuration.md has their bounds.',
      details: { problems },
    }),
  notInForce: (problems: readonly string[]): RollcallError =>
    operational(
      'configuration-refused',
      `the settings were not changed, because the box could not put them in force: ${problems.join('; ')}`,
      { remedy: 'Repair what the message names, then send the request again.' },
    ),
};
