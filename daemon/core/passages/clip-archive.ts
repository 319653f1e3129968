import { createHash } from 'node:crypto';
import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader } from '@zip.js/zip.js/lib/zip-core-custom.js';
import { zipSync } from 'fflate';
import { z } from 'zod';
import { isoTime } from '../../kernel/iso-time.js';
import { mostClipFrames } from '../../kernel/passages/clip.js';
import type { Signer } from '../delivery/signer.js';
import type { CheckingKey } from '../identity/message-checker.js';
import { verifySignedText } from '../identity/signed-text.js';

/** What the manifest says besides the frames. It names no person. */
const about = {
  format: z.literal('rollcall-clip-1'),
  site: z.string(),
  box: z.string(),
  camera: z.string(),
  passage: z.string(),
  event: z.string(),
  kind: z.string(),
  /** When the event happened, by the clock of the box. */
  eventAt: z.iso.datetime(),
  /** Number of areas that are black in every frame, as the configuration masks them. */
  masks: z.int().nonnegative(),
};

const manifestSchema = z.strictObject({
  ...about,
  frames: z
    .array(
      z.strictObject({
        file: z.string(),
        capturedAt: z.iso.datetime(),
        bytes: z.int().positive(),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .min(1)
    .max(mostClipFrames),
});
export type ClipManifest = z.infer<typeof manifestSchema>;

interface ClipFrame {
  /** Wall clock, milliseconds since the epoch. */
  readonly capturedAtMs: number;
  readonly jpeg: Uint8Array;
}

export const manifestName = 'manifest.json';
const frameName = (index: number): string => `frames/${String(index + 1).padStart(4, '0')}.jpg`;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A date that every archive of the same content has: the manifest says when frames were captured. */
const mtime = new Date(1980, 0, 1);

/**
 * A clip as one file: a zip archive of the manifest, which the box signs as it signs events, and of the frames, in their order. Nothing is
 * compressed. The frames stay opaque bytes: the core does not decode pictures. @throws what `signer` throws
 */
export async function clipArchive(
  head: Omit<ClipManifest, 'frames' | 'format'>,
  frames: readonly ClipFrame[],
  signer: Signer,
): Promise<Uint8Array> {
  const manifest: ClipManifest = {
    format: 'rollcall-clip-1',
    ...head,
    frames: frames.map(({ capturedAtMs, jpeg }, index) => ({
      file: frameName(index),
      capturedAt: isoTime(capturedAtMs),
      bytes: jpeg.length,
      sha256: sha256(jpeg),
    })),
  };
  const signed = await signer.sign(JSON.stringify(manifest));
  const pictures = frames.map(({ jpeg }, index) => [frameName(index), jpeg] as const);
  const files = { [manifestName]: Buffer.from(signed, 'utf8'), ...Object.fromEntries(pictures) };
  return zipSync(files, { level: 0, mtime });
}

export type CheckedClip =
  | { readonly outcome: 'valid'; readonly keyId: string; readonly manifest: ClipManifest }
  | { readonly outcome: 'unknown-key' | 'key-expired' | 'bad-signature'; readonly keyId: string }
  | { readonly outcome: 'unsigned' }
  | { readonly outcome: 'malformed' | 'altered'; readonly reason: string };

/** An archive with other limits is none of this box, bytes. */
const largestArchiveBytes = 64 * 1024 * 1024;
const readerOptions = { useWebWorkers: false, checkCrc32: true, strictness: 'strict' } as const;
const noArchive = 'it is not a whole zip archive';

/**
 * Checks that a box with one of `keys` (by thumbprint) signed this archive, and that every frame is there, as it was captured and in its
 * place, and nothing else. Never throws because of the archive.
 */
export async function checkClip(
  archive: Uint8Array,
  keys: ReadonlyMap<string, CheckingKey>,
): Promise<CheckedClip> {
  const files = await filesOf(archive);
  if (typeof files === 'string') return { outcome: 'malformed', reason: files };
  const [first, ...others] = files;
  if (first?.[0] !== manifestName)
    return { outcome: 'malformed', reason: `it does not begin with ${manifestName}` };
  const verdict = await verifySignedText(first[1], (keyId) => keys.get(keyId)?.key);
  if (verdict.outcome !== 'valid') return verdict;
  const { keyId, iat, value } = verdict;
  const notAfterS = keys.get(keyId)?.notAfterS;
  if (notAfterS !== undefined && iat > notAfterS) return { outcome: 'key-expired', keyId };
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success)
    return { outcome: 'malformed', reason: 'what the box signed is not the manifest of a clip' };
  const reason = differenceOf(parsed.data, others);
  return reason === undefined
    ? { outcome: 'valid', keyId, manifest: parsed.data }
    : { outcome: 'altered', reason };
}

type NamedFile = readonly [name: string, bytes: Uint8Array];

/** What differs from the signed manifest; undefined if nothing does. */
function differenceOf({ frames }: ClipManifest, files: readonly NamedFile[]): string | undefined {
  for (const [index, { file, bytes, sha256: hash }] of frames.entries()) {
    const [name, content] = files[index] ?? [];
    if (content === undefined) return `${file} is missing`;
    if (name !== file) return `${name} is in the place of ${file}`;
    if (content.length !== bytes || sha256(content) !== hash) return `${file} is not what the box signed`;
  }
  const more = files[frames.length];
  return more && `${more[0]} does not belong to the clip`;
}

/** The files in their order, or why they cannot be read. What programs could read in different ways is refused. */
async function filesOf(archive: Uint8Array): Promise<readonly NamedFile[] | string> {
  if (archive.length > largestArchiveBytes) return noArchive;
  const reader = new ZipReader(new Uint8ArrayReader(archive), readerOptions);
  /** The file that is read. */
  let reading: string | undefined;
  try {
    const files: NamedFile[] = [];
    const entries = await reader.getEntries();
    if (entries.length > mostClipFrames + 1) return noArchive;
    for (const entry of entries) {
      const isPlain = !entry.directory && entry.compressionMethod === 0 && !entry.encrypted;
      if (!isPlain || entry.uncompressedSize > largestArchiveBytes) return noArchive;
      reading = entry.filename;
      files.push([reading, await entry.getData(new Uint8ArrayWriter())]);
    }
    return files;
  } catch {
    return reading === undefined ? noArchive : `${reading} is damaged or was altered`;
  } finally {
    await reader.close();
  }
}
