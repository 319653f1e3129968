import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { compressed, type Encoding } from './compression.js';

/** A file that the gate serves by itself, in memory. */
interface SiteFile {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly etag: string;
  /** The compressed bytes. They are made once: callers without a login may ask for them as often as they like. */
  readonly encoded: (encoding: Encoding) => Promise<Buffer>;
}

const mediaTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
  '.yaml': 'application/yaml; charset=utf-8',
};

const mostBytes = 64 * 1024 * 1024;

/** The files that every caller may read without a login, by path. A path that is not in here leads nowhere on the disk. */
export class Site {
  readonly #files: ReadonlyMap<string, SiteFile>;

  constructor(files: ReadonlyMap<string, Buffer>) {
    this.#files = new Map([...files].map(([path, bytes]) => [path, siteFile(path, bytes)]));
  }

  /**
   * The file for a path: itself, the page of a folder, or for a browser that opens a page of the console, the console, which reads
   * the path itself.
   */
  find(path: string, accept = ''): SiteFile | undefined {
    const folder = path.endsWith('/') ? path : `${path}/`;
    const file = this.#files.get(path) ?? this.#files.get(`${folder}index.html`);
    if (file !== undefined || !accept.includes('text/html') || extname(path) !== '') return file;
    return this.#files.get('/index.html');
  }
}

function siteFile(path: string, bytes: Buffer): SiteFile {
  const made = new Map<Encoding, Promise<Buffer>>();
  const encoded = (encoding: Encoding): Promise<Buffer> => {
    const already = made.get(encoding) ?? compressed(bytes, encoding);
    made.set(encoding, already);
    return already;
  };
  const mediaType = mediaTypes[extname(path)] ?? 'application/octet-stream';
  return {
    bytes,
    mediaType,
    encoded,
    etag: `"${createHash('sha256').update(bytes).digest('base64url')}"`,
  };
}

/**
 * Reads the folder of the site, which may be missing, and the description of the API. Without links: what lies in the folder is all
 * that can be served.
 */
export async function readSite(folder: string, openApiFile: string): Promise<Site> {
  const files = new Map<string, Buffer>();
  let bytes = 0;
  const root = await realpath(folder).catch(() => folder);
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    // Node.js 26 also lists what lies behind links to folders.
    if (!entry.isFile() || (await realpath(path)) !== path) continue;
    bytes += (await stat(path)).size;
    if (bytes > mostBytes) break;
    files.set(`/${relative(root, path)}`, await readFile(path));
  }
  const openApi = await readFile(openApiFile).catch(() => undefined);
  if (openApi !== undefined) files.set('/openapi.yaml', openApi);
  return new Site(files);
}
