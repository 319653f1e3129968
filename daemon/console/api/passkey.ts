import { call } from './call.js';
import type { Input } from './request.js';

/** Whether this browser can use passkeys at this address: none can at an IP address (WebAuthn, section 5.1.2). */
export const canUsePasskeys =
  typeof PublicKeyCredential === 'function' &&
  'parseRequestOptionsFromJSON' in PublicKeyCredential &&
  !/^[\d.]+$|^\[/.test(location.hostname);

type Credential = NonNullable<Input<'auth.login-with-passkey'>['credential']>;
type NewCredential = NonNullable<Input<'auth.add-passkey'>['credential']>;

/** Logs in with a passkey. False: the user or the browser gave none. @throws ApiError */
export async function loginWithPasskey(): Promise<boolean> {
  const { attempt, options } = await call('auth.begin-passkey-login');
  const credential = await signed(options);
  if (credential === undefined) return false;
  await call('auth.login-with-passkey', { attempt, credential, kind: 'session' });
  return true;
}

/** Proves with a passkey who the user is. False: the user or the browser gave none. @throws ApiError */
export async function proveWithPasskey(): Promise<boolean> {
  const { attempt, options } = await call('auth.begin-passkey-proof');
  const credential = await signed(options);
  if (credential === undefined) return false;
  await call('auth.step-up', { passkey: { attempt, credential } });
  return true;
}

/** Makes a passkey on the device and adds it to the account. False: the device made none. @throws ApiError */
export async function addPasskey(name: string): Promise<boolean> {
  const { attempt, options } = await call('auth.begin-passkey');
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON({
    ...options,
    pubKeyCredParams: [...options.pubKeyCredParams],
    excludeCredentials: options.excludeCredentials.map(plain),
  });
  const made = await navigator.credentials.create({ publicKey }).catch(notGiven);
  if (!(made instanceof PublicKeyCredential)) return false;
  await call('auth.add-passkey', { attempt, name, credential: made.toJSON() as NewCredential });
  return true;
}

type RequestOptions = Parameters<typeof PublicKeyCredential.parseRequestOptionsFromJSON>[0];
interface Known {
  readonly id: string;
  readonly type: string;
  readonly transports?: readonly string[];
}

const plain = ({ id, type, transports }: Known) => ({
  ...{ id, type },
  ...(transports !== undefined && { transports: [...transports] }),
});

async function signed(options: {
  readonly challenge: string;
  readonly rpId: string;
  readonly timeout: number;
  readonly userVerification: string;
  readonly allowCredentials: readonly Known[];
}): Promise<Credential | undefined> {
  const json: RequestOptions = { ...options, allowCredentials: options.allowCredentials.map(plain) };
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(json);
  const given = await navigator.credentials.get({ publicKey }).catch(notGiven);
  return given instanceof PublicKeyCredential ? (given.toJSON() as Credential) : undefined;
}

/** The user gave up, or the device has no such passkey: the browser does not tell which. */
function notGiven(error: unknown): undefined {
  if (
    error instanceof DOMException &&
    ['NotAllowedError', 'InvalidStateError', 'AbortError'].includes(error.name)
  )
    return;
  throw error;
}
