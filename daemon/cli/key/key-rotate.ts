import { dirname } from 'node:path';
import type { Command } from 'commander';
import { sleep } from '../../base/clock.js';
import { operational } from '../../base/errors.js';
import type { ControlClient } from '../../control/client.js';
import { sendKeyOrder } from '../../control/key-body.js';
import type { KeyStatus, RotationStatus } from '../../control/key-control.js';
import type { KeyInput, KeyProviderKind } from '../../gallery/keys/key-provider.js';
import { wipe } from '../../host/sodium.js';
import { systemClock } from '../../host/system-clock.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openDaemonClient } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';
import { Progress } from '../progress.js';
import { configuredSecretFiles, withProviderOption } from './key-options.js';
import { readNewPassphrase } from './key-passphrase.js';
import { ensureSecretFile, idOfSecretFile, type SecretFiles, settleSecretFiles } from './key-secret-file.js';
import { describeRotation } from './key-text.js';

const POLL_MS = 500;

interface RotateOptions extends CommonOptions {
  readonly provider?: KeyProviderKind;
  readonly deep?: boolean;
  readonly wait?: boolean;
  readonly yes?: boolean;
}

interface RotateResult {
  readonly rotation?: RotationStatus;
  /** Where the key in force now comes from; absent where there is none. */
  readonly provider?: KeyProviderKind;
  /** Id of the key in force now. */
  readonly keyId: string;
  /** Whether it ended; false where it goes on in the background. */
  readonly isFinished: boolean;
  readonly note?: string;
}

const ended: readonly RotationStatus['state'][] = ['finished', 'failed', 'stopped'];

export function registerKeyRotate(key: Command): void {
  withProviderOption(withCommonOptions(key.command('rotate')), 'by default from where the present one comes')
    .option('--deep', 'seal every field anew under new data keys, too')
    .option('--wait', 'wait until it has ended; for a secret that is always so')
    .option('-y, --yes', 'do not ask')
    .description(
      'give the gallery another key while everything goes on; run again after an interruption, it continues',
    )
    .action((options: RotateOptions) =>
      runAction(options.json === true, async () => {
        const result = await rotate(options);
        print(options.json === true, result, () => describeResult(result));
        return result.rotation?.state === 'failed' ? exitCodes.failed : exitCodes.done;
      }),
    );
}

async function rotate(options: RotateOptions): Promise<RotateResult> {
  const client = await openDaemonClient(options.config);
  const before = await statusOf(client);
  const current = before.slots.find(({ isCurrent }) => isCurrent);
  if (current === undefined || before.state === 'sealed') throw sealed(before);
  const files = await configuredSecretFiles(options.config);
  if (isUnderWay(before)) return follow(client, files, { ...options, provider: current.provider });
  const provider = options.provider ?? current.provider;
  if (current.provider === 'secret' && (await idOfSecretFile(files.nextPath)) === current.keyId) {
    const isSettled = await settleSecretFiles(files, current.keyId);
    if (isSettled) return { keyId: current.keyId, isFinished: true, note: finishedBefore(files) };
  }
  await confirm(questionOf(options.deep === true), options.yes);
  if (provider === 'secret') await makeNext(files, current.provider);
  await order(client, { depth: options.deep === true ? 'deep' : 'wrap', provider });
  const result = await follow(client, files, { ...options, provider });
  const isSecretLeft = current.provider === 'secret' && provider !== 'secret';
  return isSecretLeft ? { ...result, note: secretLeft(files) } : result;
}

async function order(
  client: ControlClient,
  head: { readonly depth: RotationStatus['depth']; readonly provider: KeyProviderKind },
): Promise<void> {
  const ask = (input: KeyInput): Promise<RotationStatus> =>
    sendKeyOrder(head, input, (body) => client.json<RotationStatus>('POST', '/v1/key/rotate', body));
  if (head.provider !== 'passphrase') return void (await ask({}));
  const passphrase = await readNewPassphrase();
  try {
    await ask({ passphrase });
  } finally {
    wipe(passphrase);
  }
}

/**
 * The file that the daemon takes the new key from. Where the present key is no file it comes as a systemd credential, and
 * so must the new one: the daemon says how, where it does not find it.
 */
async function makeNext({ path, nextPath }: SecretFiles, from: KeyProviderKind): Promise<void> {
  if (from !== 'secret') return ensureSecretFile(path, dirname(path));
  if ((await idOfSecretFile(path)) !== undefined) await ensureSecretFile(nextPath, path);
}

/** Waits until it has ended where that was asked for, and puts the new secret in its place. */
async function follow(
  client: ControlClient,
  files: SecretFiles,
  { wait, json, provider }: RotateOptions,
): Promise<RotateResult> {
  const isWaiting = wait === true || provider === 'secret';
  using progress = new Progress({ title: 'sealing data keys anew', isJson: json === true });
  for (;;) {
    const status = await statusOf(client);
    const { rotation, slots } = status;
    const current = slots.find(({ isCurrent }) => isCurrent);
    const keyId = current?.keyId ?? '';
    const about = {
      keyId,
      ...(current === undefined ? {} : { provider: current.provider }),
      ...(rotation === undefined ? {} : { rotation }),
    };
    const isFinished = !isUnderWay(status) && slots.length === 1;
    if (isFinished && provider === 'secret') await settleSecretFiles(files, keyId);
    if (isFinished || !isWaiting || rotation === undefined || ended.includes(rotation.state)) {
      return { ...about, isFinished };
    }
    progress.update(rotation.done, rotation.total);
    await sleep(systemClock, POLL_MS);
  }
}

function statusOf(client: ControlClient): Promise<KeyStatus> {
  return client.json<KeyStatus>('GET', '/v1/key');
}

function isUnderWay({ rotation }: KeyStatus): boolean {
  return rotation !== undefined && !ended.includes(rotation.state);
}

function sealed({ reason }: KeyStatus) {
  return operational('gallery-sealed', `the gallery is sealed${reason ? `: ${reason.message}` : ''}`, {
    remedy: reason?.remedy ?? "open it first: 'rollcall key unlock'",
  });
}

function questionOf(isDeep: boolean): string {
  const what = isDeep ? ', and everything in it is sealed anew' : '';
  return `The gallery gets a new key${what}; the present one opens nothing any more when that has ended, except in backups.`;
}

function finishedBefore({ path }: SecretFiles): string {
  return `an earlier rotation had ended without that: its key is now in ${path}; run this again for another one. Keep a copy of the new key off this box.`;
}

function secretLeft({ path }: SecretFiles): string {
  return `when it has ended, ${path} opens nothing but backups that were made with it`;
}

function describeResult({ rotation, keyId, provider, isFinished, note }: RotateResult): string {
  const lines = rotation === undefined ? [] : [describeRotation(rotation)];
  lines.push(
    isFinished
      ? `the key in force is ${keyId}`
      : "it goes on in the background: 'rollcall key status' shows how far it is",
  );
  if (isFinished && provider === 'secret') {
    lines.push(
      'The copy of the old key that you keep off this box opens nothing that the gallery holds now. Replace it with a copy of the new key.',
    );
  }
  if (note !== undefined) lines.push(note);
  return lines.join('\n');
}
