import { resolve } from 'node:path';
import { badInput } from '../base/errors.js';
import { loadConfig } from '../config/load.js';
import { type Config, configSchema } from '../config/schema.js';
import { openPinoLogger } from '../host/pino-logger.js';
import { systemClock as clock } from '../host/system-clock.js';
import { parseUserPassword, type UserPassword } from '../host/user-password-secret.js';
import { openConfiguredStore } from '../models/configured-store.js';
import { lookAtCameraAlone } from '../vision/look-alone.js';
import { photoPlan, planCamera } from '../vision/plan.js';
import type { CameraTestOutcome } from '../vision/protocol.js';
import { chooseRecogniser } from '../vision/recogniser-in-use.js';
import type { CommonOptions } from './common-options.js';
import { type PassphraseTerminal, readPassphrase } from './key/key-passphrase.js';

export interface AddressOptions extends CommonOptions {
  readonly credential?: string;
  readonly login?: true;
  readonly transport?: 'tcp' | 'udp';
  readonly allowBasicLogin?: true;
  readonly caFile?: string;
  readonly fingerprint?: string;
}

/** Ids and names of cameras are none. */
export const isAddress = (given: string): boolean => given.includes('://');

/**
 * Opens an address without a daemon. Where there is a configuration, its secrets, models and networks are used; nothing
 * else of it matters, nor whether it is valid.
 * @throws `camera-url-unusable`, `login-form`, and what keeps a secret from being read or vision from starting
 */
export async function testAddress(
  url: string,
  options: AddressOptions,
  terminal?: PassphraseTerminal,
): Promise<CameraTestOutcome> {
  const { credential, login } = options;
  if (credential !== undefined && login === true) {
    throw badInput('login-twice', '--credential and --login give the login twice', {
      remedy: 'leave one of them out',
    });
  }
  const loaded = await loadConfig(options.config);
  const { config, camera } = settingsOf(url, options, loaded.ok ? loaded.config : undefined);
  const plan = await planCamera(camera, config.secretsDir);
  const asked = login === true ? { ...plan, credential: await askLogin(terminal) } : plan;
  const models = await openConfiguredStore(config.models.dir);
  const recogniser = await chooseRecogniser(models, config.vision.recogniser);
  const networks = photoPlan(config, recogniser.name);
  const result = await lookAtCameraAlone(networks, asked, openPinoLogger({ level: 'warn', clock }));
  const isLoginMissing =
    result.outcome === 'failed' && result.code === 'unauthorised' && asked.credential === null;
  if (!isLoginMissing) return result;
  const remedy = 'give --login to be asked for user:password, or --credential with the name of a secret';
  return { ...result, remedy };
}

/** What the address is opened with: all that it does not say has its default. */
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
    throw badInput('credential-name', 'the name of a secret has characters that are not allowed', {
      remedy: 'give its name, not the secret itself; --login asks for user and password',
    });
  }
  const setting = String(issue?.path.at(-1));
  if (setting === 'caFile' || setting === 'fingerprint') {
    const option = setting === 'caFile' ? '--ca-file' : '--fingerprint';
    throw badInput('camera-option-unusable', `${option} ${issue?.message ?? 'cannot be used'}`, {
      remedy:
        'it belongs to an rtsps:// address; give the file of the authority, or the fingerprint, not both',
    });
  }
  throw badInput('camera-url-unusable', `the address of the camera ${issue?.message ?? 'cannot be used'}`, {
    remedy:
      'write it as rtsp://HOST[:PORT]/PATH; a login comes by --login or --credential, for everybody on this machine can read the arguments of a command',
  });
}

async function askLogin(terminal: PassphraseTerminal | undefined): Promise<UserPassword> {
  const bytes = await readPassphrase('user:password of the camera: ', terminal, 'login');
  const login = parseUserPassword(bytes);
  bytes.fill(0);
  if (login !== undefined) return login;
  throw badInput('login-form', 'what was given is not of the form user:password', {
    remedy: 'give user name and password, separated by a colon, on one line',
  });
}
