import { dirname } from 'node:path';
import type { Command } from 'commander';
import type { KeyRotation, KeyStatus } from '../../contract/keys.js';
import type { ControlClient } from '../../core/api/client.js';
import { describeRotation } from '../../core/doctor/rotation-text.js';
import { systemClock } from '../../host/system-clock.js';
import { sleep } from '../../kernel/clock.js';
import { operational } from '../../kernel/errors.js';
import { jobEnds } from '../../kernel/gallery/gallery-job.js';
import type { KeyProviderKind } from '../../kernel/gallery/key-provider-kind.js';
import { present } from '../../kernel/present.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { Progress } from '../progress.js';
import { showAnswer } from '../show-answer.js';
import { configuredSecretFiles, withProviderOption } from './key-options.js';
import { readNewPassphrase, wipeAfter } from './key-passphrase.js';
import { ensureSecretFile, idOfSecretFile, type SecretFiles, settleSecretFiles } from './key-secret-file.js';

const POLL_MS = 500;

interface RotateOptions extends CommonOptions {
  readonly provider?: KeyProviderKind;
  readonly deep?: boolean;
  readonly wait?: boolean;
  readonly yes?: boolean;
}

interface RotateResult {
  readonly rotation?: KeyRotation;
  /** Provider of the current key; absent if there is no key. */
  readonly provider?: KeyProviderKind;
  /** Id of the current key. */
  readonly keyId: string;
  /** False if the rotation continues in the background. */
  readonly isFinished: boolean;
  readonly note?: string;
}

export function registerKeyRotate(key: Command): void {
  withProviderOption(withCommonOptions(key.command('rotate')), 'default: the provider of the current key')
    .option('--deep', 'also make new data keys and seal every field again')
    .option('--wait', 'wait until the rotation has ended; a secret key always waits')
    .option('-y, --yes', 'do not ask for confirmation')
    .description(
      'replace the gallery key while recognition continues; run the command again after an interruption to continue',
    )
    .action((options: RotateOptions) =>
      showAnswer(
        options,
        ({ client }) => rotate(client, options),
        describeResult,
        ({ rotation }) => rotation?.state === 'failed',
      ),
    );
}

async function rotate(client: ControlClient, options: RotateOptions): Promise<RotateResult> {
  const before = await client.call('keys.show');
  const current = before.slots.find(({ isCurrent }) => isCurrent);
  if (current === undefined || before.state === 'sealed') throw sealed(before);
  const files = await configuredSecretFiles(options.config);
  if (isUnderWay(before)) return follow(client, files, { ...options, provider: current.provider });
  const provider = options.provider ?? current.provider;
  if (current.provider === 'secret' && (await idOfSecretFile(files.nextPath)) === current.keyId) {
    const isSettled = await settleSecretFiles(files, current.keyId);
    if (isSettled) return { keyId: current.keyId, isFinished: true, note: finishedEarlier(files) };
  }
  await confirm(questionOf(options.deep === true), options.yes);
  if (provider === 'secret') await makeNextSecretFile(files, current.provider);
  await startRotation(client, { depth: options.deep === true ? 'deep' : 'wrap', provider });
  const result = await follow(client, files, { ...options, provider });
  const isSecretLeft = current.provider === 'secret' && provider !== 'secret';
  return isSecretLeft ? { ...result, note: secretLeft(files) } : result;
}

async function startRotation(
  client: ControlClient,
  head: { readonly depth: KeyRotation['depth']; readonly provider: KeyProviderKind },
): Promise<void> {
  if (head.provider !== 'passphrase') return void (await client.call('keys.rotate', head));
  await wipeAfter(await readNewPassphrase(), (passphrase) =>
    client.call('keys.rotate', { ...head, passphrase }),
  );
}

/**
 * Creates the file with the new key. If the current key is a systemd credential, the new key must be one too: then no file
 * is created, and the daemon explains what to do if it does not find the credential.
 */
async function makeNextSecretFile({ path, nextPath }: SecretFiles, from: KeyProviderKind): Promise<void> {
  if (from !== 'secret') return ensureSecretFile(path, dirname(path));
  if ((await idOfSecretFile(path)) !== undefined) await ensureSecretFile(nextPath, path);
}

/** Waits for the end of the rotation if requested, then moves the new secret file into place. */
async function follow(
  client: ControlClient,
  files: SecretFiles,
  { wait, json, provider }: RotateOptions,
): Promise<RotateResult> {
  const isWaiting = wait === true || provider === 'secret';
  using progress = new Progress({ title: 'sealing data keys with the new key', isJson: json === true });
  for (;;) {
    const status = await client.call('keys.show');
    const { rotation, slots } = status;
    const current = slots.find(({ isCurrent }) => isCurrent);
    const keyId = current?.keyId ?? '';
    const about = { keyId, ...present({ provider: current?.provider, rotation }) };
    const isFinished = !isUnderWay(status) && slots.length === 1;
    if (isFinished && provider === 'secret') await settleSecretFiles(files, keyId);
    if (!isWaiting || rotation === undefined || hasEnded(rotation)) {
      return { ...about, isFinished };
    }
    progress.update(rotation.done, rotation.total);
    await sleep(systemClock, POLL_MS);
  }
}

function isUnderWay({ rotation }: KeyStatus): boolean {
  return rotation !== undefined && !hasEnded(rotation);
}

const hasEnded = ({ state }: KeyRotation): boolean => jobEnds.some((end) => end === state);

function sealed({ reason }: KeyStatus) {
  return operational('gallery-sealed', `the gallery is sealed${reason ? `: ${reason.message}` : ''}`, {
    remedy: reason?.remedy ?? "Open it first: 'rollcall key unlock'.",
  });
}

function questionOf(isDeep: boolean): string {
  const what = isDeep ? ' and seals all its data again' : '';
  return `This gives the gallery a new key${what}. Afterwards the current key opens only earlier backups.`;
}

function finishedEarlier({ path }: SecretFiles): string {
  return `Finished an earlier rotation: its key is now in ${path}. Run the command again to rotate once more. Keep a copy of the new key off this box.`;
}

function secretLeft({ path }: SecretFiles): string {
  return `When the rotation has ended, ${path} opens only backups that were made with it.`;
}

function describeResult({ rotation, keyId, provider, isFinished, note }: RotateResult): string {
  const lines = rotation === undefined ? [] : [describeRotation(rotation)];
  const isInterrupted = rotation?.state === 'failed' || rotation?.state === 'stopped';
  const rest = isInterrupted ? 'when the gallery is next opened' : 'in the background';
  lines.push(
    isFinished
      ? `the current key is ${keyId}`
      : `The rotation continues ${rest}; 'rollcall key status' shows its progress.`,
  );
  if (isFinished && provider === 'secret') {
    lines.push(
      'The copy of the old key that you keep off this box no longer opens the gallery. Replace it with a copy of the new key.',
    );
  }
  if (note !== undefined) lines.push(note);
  return lines.join('\n');
}
