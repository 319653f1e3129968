import { dirname } from 'node:path';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError, messageOf, operational } from '../../kernel/errors.js';
import { freeBytesAt } from '../free-space.js';
import { systemClock } from '../system-clock.js';
import { ArrivingFile, type WrongContent } from './checked-file.js';
import type { ModelPack } from './model-manifest.js';

export interface DownloadProgress {
  readonly packId: string;
  /** Bytes that have arrived, including those of an earlier download. */
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

export interface DownloadOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Default: the system clock. */
  readonly clock?: Clock;
}

/** The download fails when the publisher sends nothing for this long. */
export const LONGEST_SILENCE_MS = 60_000;

/** Publishers redirect to storage servers; more redirects are a loop. */
const MOST_REDIRECTS = 5;

/** Most attempts of one download. A new attempt starts only if the last one brought bytes. */
const MOST_ATTEMPTS = 10;

/**
 * Downloads a pack to `path`. Resumes an earlier download; if the SHA-256 of the whole is then wrong, it downloads everything
 * again. Returns the content that was found instead of the pack. Throws `publisher-unreachable` when the network fails (the
 * bytes are kept for the next call), `publisher-refused` when the server does not send the file, and `pack-not-stored` when
 * the disk has too little space. Errors of the file system are thrown unchanged.
 */
export async function download(
  pack: ModelPack,
  url: string,
  path: string,
  options: DownloadOptions = {},
): Promise<WrongContent | undefined> {
  await using file = await ArrivingFile.open(path, pack, { isResumed: true });
  await requireRoom(pack, dirname(path), file.sizeBytes);
  await receive(pack, url, file, options);
  const wrong = await file.finish();
  if (wrong === undefined || !file.hasLeftBytes) return wrong;
  await file.restart();
  await receive(pack, url, file, options);
  return await file.finish();
}

async function requireRoom(pack: ModelPack, directory: string, receivedBytes: number): Promise<void> {
  const neededBytes = pack.sizeBytes - receivedBytes;
  const freeBytes = await freeBytesAt(directory);
  if (freeBytes >= neededBytes) return;
  const inMB = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  throw operational(
    'pack-not-stored',
    `${directory} has ${inMB(freeBytes)} free, but ${pack.file} needs ${inMB(neededBytes)}`,
    { remedy: `Free space on the file system of ${directory}. Then run the command again.` },
  );
}

/** Receives until the file has its size, the publisher ends it, or an attempt fails without new bytes. */
async function receive(
  pack: ModelPack,
  url: string,
  file: ArrivingFile,
  options: DownloadOptions,
): Promise<void> {
  let mostBytes = file.sizeBytes;
  for (let attempt = 1; file.sizeBytes < pack.sizeBytes; attempt++) {
    try {
      await receiveOnce(pack, url, file, options);
      return;
    } catch (error) {
      const isNetwork = isRollcallError(error, 'publisher-unreachable');
      const goesOn = isNetwork && file.sizeBytes > mostBytes && attempt < MOST_ATTEMPTS;
      if (goesOn) {
        mostBytes = file.sizeBytes;
        continue;
      }
      if (isNetwork || options.signal?.aborted === true) file.keep();
      throw error;
    }
  }
}

async function receiveOnce(
  pack: ModelPack,
  url: string,
  file: ArrivingFile,
  options: DownloadOptions,
): Promise<void> {
  using patience = new Patience(options);
  const tell = (): void =>
    options.onProgress?.({
      packId: pack.id,
      receivedBytes: Math.min(file.sizeBytes, pack.sizeBytes),
      totalBytes: pack.sizeBytes,
    });
  try {
    const { startsAt, body } = await request(pack, url, file.sizeBytes, patience.signal);
    if (startsAt !== file.sizeBytes) await file.restart();
    tell();
    for await (const piece of body) {
      patience.heard();
      if (!(await file.append(piece))) return;
      tell();
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    // Errors of the file system have a `syscall`; errors of fetch have none.
    if (isRollcallError(error) || (error instanceof Error && 'syscall' in error)) throw error;
    throw unreachable(pack, url, error, file.sizeBytes);
  }
}

/** Aborts when no bytes arrive for too long. */
class Patience implements Disposable {
  readonly signal: AbortSignal;
  readonly #clock: Clock;
  readonly #silent = new AbortController();
  #timer;

  constructor({ clock = systemClock, signal }: DownloadOptions) {
    this.#clock = clock;
    this.signal = signal === undefined ? this.#silent.signal : AbortSignal.any([signal, this.#silent.signal]);
    this.#timer = this.#wait();
  }

  heard(): void {
    this.#timer.cancel();
    this.#timer = this.#wait();
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }

  #wait() {
    return this.#clock.after(LONGEST_SILENCE_MS, () =>
      this.#silent.abort(new Error(`no bytes arrived for ${LONGEST_SILENCE_MS / 1000} s`)),
    );
  }
}

interface Answer {
  /** Position of the body's first byte in the file: the requested one, or 0. */
  readonly startsAt: number;
  readonly body: AsyncIterable<Uint8Array>;
}

async function request(pack: ModelPack, url: string, fromByte: number, signal: AbortSignal): Promise<Answer> {
  const response = await followed(pack, url, fromByte, signal);
  const { status, headers, body } = response;
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '');
  const isRest = status === 206 && Number(range?.[1]) === fromByte;
  if (fromByte > 0 && (status === 416 || (status === 206 && !isRest))) {
    await body?.cancel();
    return request(pack, url, 0, signal);
  }
  if ((status !== 200 && !isRest) || body === null) {
    await body?.cancel();
    throw refused(pack, `${url} answered ${status} ${response.statusText}`);
  }
  const length = headers.has('content-encoding') ? null : headers.get('content-length');
  const offered = isRest ? range?.[2] : length;
  if (offered !== null && offered !== undefined && Number(offered) !== pack.sizeBytes) {
    await body.cancel();
    throw refused(pack, `${url} offers a file of ${offered} bytes; ${pack.file} has ${pack.sizeBytes}`);
  }
  return { startsAt: isRest ? fromByte : 0, body };
}

/** The answer after all redirects. */
async function followed(
  pack: ModelPack,
  url: string,
  fromByte: number,
  signal: AbortSignal,
): Promise<Response> {
  // Without compression, because positions and length must be those of the file.
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (fromByte > 0) headers['range'] = `bytes=${fromByte}-`;
  let place = new URL(url);
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const response = await fetch(place.href, { redirect: 'manual', headers, signal });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await response.body?.cancel();
    const next = redirected(place, location);
    if (typeof next === 'string') throw refused(pack, `${url} ${next}`);
    place = next;
  }
  throw refused(pack, `${url} redirected more than ${MOST_REDIRECTS} times`);
}

/**
 * The target of a redirect, or why it is refused: only to HTTP addresses, and from TLS only to TLS. The reason does not contain
 * the address, which may contain secrets of the publisher's storage.
 */
export function redirected(from: URL, location: string): URL | string {
  if (!URL.canParse(location, from.href)) return 'redirected to an invalid address';
  const to = new URL(location, from);
  if (to.protocol === 'https:' || (to.protocol === 'http:' && from.protocol === 'http:')) return to;
  return `redirected to ${to.host || 'a place'} without TLS (${to.protocol})`;
}

function refused(pack: ModelPack, message: string): Error {
  return operational('publisher-refused', message, {
    remedy: `Nothing was installed. Download ${pack.file} from its publisher. Then run: 'rollcall models import ${pack.file}'.`,
  });
}

/** The system's reason inside a failed `fetch`, such as ENOTFOUND. */
function reason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && 'code' in cause) return `${String(cause.code)}: ${cause.message}`;
  return cause === undefined ? messageOf(error) : messageOf(cause);
}

function unreachable(pack: ModelPack, url: string, error: unknown, keptBytes: number): Error {
  const again =
    keptBytes === 0
      ? "Check this machine's network; no proxy is used."
      : `${keptBytes} of ${pack.sizeBytes} bytes are kept: run the command again to continue.`;
  return operational('publisher-unreachable', `cannot download ${pack.id} from ${url}: ${reason(error)}`, {
    remedy: `${again} Or download the file elsewhere and run: 'rollcall models import ${pack.file}'.`,
    details: { keptBytes },
    cause: error,
    retryable: true,
  });
}
