import { resolve } from 'node:path';
import { loadConfig } from '../contract/settings/load.js';
import { type Config, configSchema } from '../contract/settings/schema.js';
import type { CameraTestOutcome } from '../contract/vision/vision-answers.js';
import { openConfiguredStore } from '../host/models/configured-store.js';
import { openPinoLogger } from '../host/pino-logger.js';
import { systemClock as clock } from '../host/system-clock.js';
import { parseUserPassword, type UserPassword } from '../host/user-password-secret.js';
import { badInput } from '../kernel/errors.js';
import { said, saidIn } from '../kernel/said.js';
import { testCameraAlone } from '../vision/lone-process.js';
import { photoPlan, planCamera } from '../vision/plan.js';
import { chooseRecogniser } from '../vision/recogniser-in-use.js';
import { inEnglish } from '../words/language.js';
import { readCameraLogin } from './camera-login.js';
import type { CommonOptions } from './common-options.js';
import type { PassphraseTerminal } from './key/key-passphrase.js';

export interface AddressOptions extends CommonOptions {
  readonly credential?: string;
  readonly login?: true;
  readonly transport?: 'tcp' | 'udp';
  readonly allowBasicLogin?: true;
  readonly caFile?: string;
  readonly fingerprint?: string;
}

/** Tells an address from an id or name of a camera. */
export const isAddress = (given: string): boolean => given.includes('://');

/**
 * Opens an address without a daemon. Uses secrets, models and networks of the configuration if there is a valid one, and
 * defaults otherwise.
 * @throws `login-twice`, `camera-url-unusable`, `credential-name`, `camera-option-unusable`, `login-form`, and errors of
 * reading the secret or starting vision
 */
export async function testAddress(
  url: string,
  options: AddressOptions,
  terminal?: PassphraseTerminal,
): Promise<CameraTestOutcome> {
  const { credential, login } = options;
  if (credential !== undefined && login === true) {
    throw badInput('login-twice', '--credential and --login cannot be used together', {
      remedy: 'Leave one of them out.',
    });
  }
  const loaded = await loadConfig(options.config);
  const { config, camera } = settingsOf(url, options, loaded.ok ? loaded.config : undefined);
  const plan = await planCamera(camera, config);
  const asked = login === true ? { ...plan, credential: await askLogin(terminal) } : plan;
  const models = await openConfiguredStore(config.models.dir);
  const recogniser = await chooseRecogniser(models, config.vision.recogniser);
  const networks = photoPlan(config, recogniser.name);
  const result = await testCameraAlone(networks, asked, openPinoLogger({ level: 'warn', clock }));
  const isLoginMissing =
    result.outcome === 'failed' && result.code === 'unauthorised' && asked.credential === null;
  if (!isLoginMissing) return result;
  const remedy = said('terminal/remedy-login-missing');
  return { ...result, ...inEnglish({ message: saidIn(result, 'message'), remedy }) };
}

/** The settings for an address. Options that are absent have the default of a camera. */
function settingsOf(url: string, options: AddressOptions, known: Config | undefined) {
  const { credential, transport, allowBasicLogin, caFile, fingerprint } = options;
  const named = {
    ...{ url, credential, transport, allowBasicLogin, fingerprint },
    caFile: caFile === undefined ? undefined : resolve(caFile),
  };
  const given = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
  const parsed = configSchema.safeParse({
    site: { id: 'test', timeZone: 'UTC' },
    cameras: [{ id: 'test', name: 'Test', ...given }],
  });
  const [camera] = parsed.data?.cameras ?? [];
  if (parsed.success && camera !== undefined) return { config: known ?? parsed.data, camera };
  const [issue] = parsed.error?.issues ?? [];
  if (issue?.path.at(-1) === 'credential') {
    throw badInput(
      'credential-name',
      'the value of --credential has characters that a secret name cannot have',
      {
        remedy: 'Give the name of a secret, not the secret itself; --login asks for user and password.',
      },
    );
  }
  const setting = String(issue?.path.at(-1));
  if (setting === 'caFile' || setting === 'fingerprint') {
    const option = setting === 'caFile' ? '--ca-file' : '--fingerprint';
    throw badInput('camera-option-unusable', `${option} ${issue?.message ?? 'cannot be used'}`, {
      remedy: 'Use it with an rtsps:// address; give --ca-file or --fingerprint, not both.',
    });
  }
  throw badInput('camera-url-unusable', `the address of the camera ${issue?.message ?? 'cannot be used'}`, {
    remedy:
      'Write it as rtsp://HOST[:PORT]/PATH; use --login or --credential for the login, because all users of this machine can read command arguments.',
  });
}

async function askLogin(terminal: PassphraseTerminal | undefined): Promise<UserPassword> {
  const bytes = await readCameraLogin(terminal);
  const login = parseUserPassword(bytes);
  bytes.fill(0);
  if (login !== undefined) return login;
  throw badInput('login-form', 'the login does not have the form user:password', {
    remedy: 'Give user name and password on one line, separated by a colon.',
  });
}
