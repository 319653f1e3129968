import type { ConfigProblem, UnusableFile } from '../../contract/settings/config-problem.js';
import { formatProblem } from '../../contract/settings/problem.js';
import type { RollcallError } from '../../kernel/errors.js';
import { explanations } from '../../vision/ingest/failure-explanations.js';
import { failure, refusal } from '../../words/errors.js';

const texts = (problems: readonly ConfigProblem[]): string =>
  problems.map(({ path, message }) => `${path} ${message}`.trim()).join('; ');

const lines = (problems: readonly ConfigProblem[]): string =>
  problems.map((problem) => formatProblem('the configuration file', problem)).join('; ');

/** Why a camera of the box is not made, changed or deleted. */
export const refusals = {
  exists: (id: string): RollcallError => refusal('camera-exists', { id }),
  tooMany: (most: number): RollcallError => refusal('too-many-cameras', { most }),
  changedMeanwhile: (id: string, revision: number): RollcallError =>
    refusal('changed-meanwhile:camera', { id }, { details: { revision } }),
  ofConfiguration: (id: string): RollcallError => refusal('camera-of-configuration', { id }),
  fileUnusable: (id: string, { problems }: UnusableFile): RollcallError =>
    refusal('camera-file-unusable', { id, problems: lines(problems) }),
  loginForm: (): RollcallError => refusal('login-form'),
  loginNeeded: (id: string): RollcallError => refusal('login-needed', { id }),
  refused: (called: string, problems: readonly ConfigProblem[]): RollcallError =>
    refusal(
      'camera-refused',
      { called, texts: texts(problems) },
      { details: { problems: problems.map(({ path, message }) => ({ path, message })) } },
    ),
  address: (url: string): RollcallError =>
    refusal(
      'address-refused',
      { message: explanations['address-refused'].says.message, url },
      { remedy: explanations['address-refused'].says.remedy },
    ),
  configurationInvalid: (called: string, problems: readonly ConfigProblem[]): RollcallError =>
    refusal('configuration-refused:camera-invalid', { called, problems: lines(problems) }),
  notInForce: (id: string, problems: readonly string[]): RollcallError =>
    failure('configuration-refused:camera', { id, problems: problems.join('; ') }),
};
