import { messageOf, operational } from '../base/errors.js';
import type { ModelPack } from './manifest.js';

export interface DownloadProgress {
  readonly packId: string;
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

export interface DownloadOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DownloadProgress) => void;
}

/** The system's reason inside a failed `fetch`, such as ENOTFOUND. */
function reason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && 'code' in cause) return `${String(cause.code)}: ${cause.message}`;
  return cause === undefined ? messageOf(error) : messageOf(cause);
}

function unreachable(pack: ModelPack, url: string, error: unknown): Error {
  return operational('publisher-unreachable', `cannot download ${pack.id} from ${url}: ${reason(error)}`, {
    remedy: `Check this machine's network and proxy; or download the file elsewhere and run: rollcall models import ${pack.file}`,
    cause: error,
    retryable: true,
  });
}

/**
 * Streams a pack from its publisher. Throws `publisher-unreachable` when the network fails, before or during
 * the transfer, and `publisher-refused` when the server answers with anything but the file.
 */
export async function* download(
  pack: ModelPack,
  url: string,
  options: DownloadOptions = {},
): AsyncGenerator<Uint8Array> {
  const init: RequestInit = { redirect: 'follow', ...(options.signal ? { signal: options.signal } : {}) };
  const response = await fetch(url, init).catch((error: unknown) => {
    options.signal?.throwIfAborted();
    throw unreachable(pack, url, error);
  });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw operational('publisher-refused', `${url} answered ${response.status} ${response.statusText}`, {
      remedy: `Download ${pack.file} from its publisher and run: rollcall models import ${pack.file}`,
    });
  }
  let receivedBytes = 0;
  try {
    for await (const piece of response.body) {
      receivedBytes += piece.length;
      options.onProgress?.({ packId: pack.id, receivedBytes, totalBytes: pack.sizeBytes });
      yield piece;
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    throw unreachable(pack, url, error);
  }
}
