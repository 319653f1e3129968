import type { ConfigProblem, UnusableCameraFile } from '../../contract/settings/config-problem.js';
import { formatProblem } from '../../contract/settings/problem.js';
import { badInput, operational, type RollcallError } from '../../kernel/errors.js';
import { explanations } from '../../vision/ingest/failure-explanations.js';

const texts = (problems: readonly ConfigProblem[]): string =>
  problems.map(({ path, message }) => `${path} ${message}`.trim()).join('; ');

const lines = (problems: readonly ConfigProblem[]): string =>
  problems.map((problem) => formatProblem('the configuration file', problem)).join('; ');

/** Why a camera of the box is not made, changed or deleted. */
export const refusals = {
  exists: (id: string): RollcallError =>
    badInput('camera-exists', `there is already a camera with the id '${id}'`, {
      remedy: "Choose another id; 'rollcall camera list' shows those in use.",
    }),
  tooMany: (most: number): RollcallError =>
    badInput('too-many-cameras', `the box keeps at most ${most} cameras itself`, {
      remedy: 'Remove a camera that is no longer needed, or add this one to the configuration file.',
    }),
  changedMeanwhile: (id: string, revision: number): RollcallError =>
    badInput('changed-meanwhile', `the camera '${id}' has changed since you read it`, {
      remedy: 'Read it again, then repeat the change with its new revision.',
      details: { revision },
    }),
  ofConfiguration: (id: string): RollcallError =>
    badInput('camera-of-configuration', `the camera '${id}' is in the configuration file`, {
      remedy: "Change it there, then reload: 'systemctl reload rollcalld'.",
    }),
  fileUnusable: (id: string, { problems }: UnusableCameraFile): RollcallError =>
    badInput('camera-file-unusable', `the file of the camera '${id}' cannot be used: ${lines(problems)}`, {
      remedy: 'Correct the file, then reload: systemctl reload rollcalld; or delete the camera.',
    }),
  loginForm: (): RollcallError =>
    badInput('login-form', 'the login does not have the form user:password', {
      remedy: 'Give user name and password on one line, separated by a colon.',
    }),
  loginNeeded: (id: string): RollcallError =>
    badInput(
      'login-needed',
      `the stored login of the camera '${id}' would go to another device, or be protected differently`,
      { remedy: 'Give the login again together with this change, or forget it.' },
    ),
  refused: (called: string, problems: readonly ConfigProblem[]): RollcallError =>
    badInput('camera-refused', `the settings of ${called} cannot be used: ${texts(problems)}`, {
      remedy:
        'Correct them; docs/reference/configuration.md has their bounds. Give user and password as the login, never in the address.',
      details: { problems: problems.map(({ path, message }) => ({ path, message })) },
    }),
  address: (url: string): RollcallError =>
    badInput('address-refused', `${explanations['address-refused'].message}: ${url}`, {
      remedy: explanations['address-refused'].remedy,
    }),
  configurationInvalid: (called: string, problems: readonly ConfigProblem[]): RollcallError =>
    badInput(
      'configuration-refused',
      `${called} was not changed, because the configuration would not be valid: ${lines(problems)}`,
      { remedy: "Correct the configuration file; 'rollcall check-config' lists its problems." },
    ),
  notInForce: (id: string, problems: readonly string[]): RollcallError =>
    operational(
      'configuration-refused',
      `the camera '${id}' was not changed, because the box could not put it in force: ${problems.join('; ')}`,
      { remedy: 'Repair what the message names, then send the request again.' },
    ),
};
