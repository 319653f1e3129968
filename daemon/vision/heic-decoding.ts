import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import { processEntry } from '../host/program-files.js';
import type { Rgb24Picture } from '../kernel/faces/picture.js';
import { heicExit } from './heic-exit.js';
import { boundChild } from './ingest/bound-child.js';

interface HeicLimits {
  readonly mostPixels: number;
  /** Memory that the decoder may fill, bytes. */
  readonly dataBytes: number;
  /** Processor time, seconds. */
  readonly processorS: number;
  /** Time until the answer, milliseconds: a busy machine gives the decoder less of its processor. */
  readonly longestMs: number;
}

/** A photograph of 48 megapixels needs half of each on a small machine. */
const usualLimits = { dataBytes: 1_500_000_000, processorS: 15, longestMs: 120_000 } as const;

type HeicOutcome =
  | { readonly outcome: 'ok'; readonly picture: Rgb24Picture }
  | { readonly outcome: 'damaged' | 'too-many-pixels' | 'too-demanding' };

/** Decodes a HEIC file upright, in a process of its own that cannot take more than the limits. Never throws because of its content. */
export async function decodeHeic(
  file: Uint8Array,
  limits: Partial<HeicLimits> & Pick<HeicLimits, 'mostPixels'>,
): Promise<HeicOutcome> {
  const { mostPixels, dataBytes, processorS, longestMs } = { ...usualLimits, ...limits };
  const main = processEntry({ built: 'heic-decoder.js', source: 'vision/heic-decoder-main.ts' });
  const command = boundChild(process.execPath, [...process.execArgv, main, String(mostPixels)], {
    dataBytes,
    processorS,
  });
  const child = spawn(command.program, command.arguments, {
    // It needs nothing of this process, and gets nothing.
    env: {},
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: longestMs,
    killSignal: 'SIGKILL',
  });
  const exit = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  // It may end before it has read the file; its exit tells why.
  child.stdin.on('error', () => undefined).end(file);
  const [code, output] = await Promise.all([exit, buffer(child.stdout)]);
  if (code === heicExit.damaged) return { outcome: 'damaged' };
  if (code === heicExit.tooManyPixels) return { outcome: 'too-many-pixels' };
  if (code !== 0) return { outcome: 'too-demanding' };
  const [widthPx, heightPx] = [output.readUInt32BE(0), output.readUInt32BE(4)];
  const data = output.subarray(8);
  if (data.length !== 3 * widthPx * heightPx) return { outcome: 'damaged' };
  return { outcome: 'ok', picture: { format: 'rgb24', widthPx, heightPx, data } };
}
