import { readFile, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { fingerprintOf } from '../../core/identity/public-key.js';
import { type CheckedClip, checkClip } from '../../core/passages/clip-archive.js';
import { explainReading } from '../../host/file-access.js';
import { type ExitCode, exitCodes, print, runAction } from '../../host/output.js';
import { createPrivateFile } from '../../host/private-file.js';
import { counted } from '../../kernel/counted.js';
import { badInput } from '../../kernel/errors.js';
import { largestClipBytes } from '../../kernel/passages/clip.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { keysFrom } from '../events/events-verify.js';

interface ClipOptions extends CommonOptions {
  readonly out: string;
}

interface VerifyClipOptions extends CommonOptions {
  readonly keys?: string;
}

/** Larger than any clip, with its manifest. */
const largestFileBytes = 2 * largestClipBytes;

export function registerClip(passages: Command): void {
  withCommonOptions(passages.command('clip'))
    .argument('<passage>', 'id of the passage, or its beginning')
    .requiredOption('--out <file>', 'new file for the clip (zip); only you can read it')
    .description('save the clip of a passage: the frames of a few seconds, signed by the box')
    .action((passage: string, options: ClipOptions) =>
      runAction(options.json === true, () => saveClip(passage, options)),
    );
  withCommonOptions(passages.command('verify-clip'))
    .argument('<file>', 'a clip that was saved')
    .option('--keys <file>', 'JWK set to verify with; default: the keys of the running box')
    .description(
      'check that a box signed a clip and that no frame was altered, removed, added, or moved since; exit code 1 if not',
    )
    .action((file: string, options: VerifyClipOptions) =>
      runAction(options.json === true, () => verifyClip(file, options)),
    );
}

async function saveClip(
  passage: string,
  { config, out: path, json = false }: ClipOptions,
): Promise<ExitCode> {
  const { client } = await openBox(config);
  await using file = await createPrivateFile(path);
  const clip = await client.call('passages.clip', { passage });
  await file.keep(clip);
  print(json, { passage, file: path, bytes: clip.length }, () => `clip: ${path}, ${clip.length} bytes`);
  return exitCodes.done;
}

async function verifyClip(path: string, options: VerifyClipOptions): Promise<ExitCode> {
  const archive = await readArchive(path);
  const checked = await checkClip(archive, await keysFrom(options));
  print(options.json === true, { file: path, ...checked }, () => `${path}: ${describe(checked)}`);
  return checked.outcome === 'valid' ? exitCodes.done : exitCodes.failed;
}

async function readArchive(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > largestFileBytes) throw unreadable(path, `it has ${size} bytes; a clip has fewer`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'errno' in error)
      throw unreadable(path, explainReading(error).reason, error);
    throw error;
  }
}

function unreadable(path: string, reason: string, cause?: unknown) {
  return badInput('clip-file-unreadable', `the clip ${path} cannot be read: ${reason}`, {
    remedy: "Give a file that 'rollcall passages clip' or the console saved.",
    cause,
  });
}

const words = {
  unsigned: 'NOT VALID: no box signed it',
  'unknown-key': 'NOT VALID: signed with a key that is not among the given keys',
  'key-expired': 'NOT VALID: signed with a key after its time had ended',
  'bad-signature': 'NOT VALID: the signature does not fit the manifest',
  malformed: 'NOT VALID',
  altered: 'NOT VALID: it was altered since the box signed it',
} as const satisfies Record<Exclude<CheckedClip['outcome'], 'valid'>, string>;

function describe(checked: CheckedClip): string {
  const by = 'keyId' in checked ? `; key ${fingerprintOf(checked.keyId).slice(0, 9)}` : '';
  if (checked.outcome !== 'valid') {
    return `${words[checked.outcome]}${'reason' in checked ? `: ${checked.reason}` : ''}${by}`;
  }
  const { site, box, camera, passage, kind, eventAt, masks, frames } = checked.manifest;
  const [first, last] = [frames[0]?.capturedAt, frames.at(-1)?.capturedAt];
  return [
    `valid${by}`,
    `  box      /${site}/${box}`,
    `  camera   ${camera}, ${counted(masks, 'masked area')}`,
    `  passage  ${passage}`,
    `  event    ${kind} at ${eventAt}`,
    `  frames   ${frames.length}, from ${first} to ${last}`,
  ].join('\n');
}
