import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import fc from 'fast-check';
import { type DescribedOperation, type Description, isNode } from './description.js';
import { type FuzzRequest, requestsFor } from './inputs.js';

/** Where the box answers: its socket, or an address. */
export interface FuzzTarget {
  readonly socketPath?: string;
  readonly url?: string;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string;
  /** The certificate of the box, PEM. */
  readonly certificate?: string;
}

export interface FuzzOptions {
  readonly description: Description;
  readonly target: FuzzTarget;
  /** So long, or so many requests to each operation. The first round is always complete. */
  readonly until: { readonly durationMs: number } | { readonly rounds: number };
  readonly seed: number;
  /** Files that parsers of the box can read, so that requests get further than the first check. */
  readonly files: readonly Buffer[];
  /** Ids of operations that are left out. */
  readonly without?: ReadonlySet<string>;
}

export interface FuzzFault {
  readonly operation: string;
  readonly problem: string;
  readonly request: string;
}

export interface FuzzReport {
  readonly faults: readonly FuzzFault[];
  /** Requests by operation and status: `persons.list 200`. */
  readonly counts: ReadonlyMap<string, number>;
  /** The longest time until the first byte of an answer, by operation, ms. */
  readonly slowestMs: ReadonlyMap<string, number>;
}

interface Answer {
  readonly status: number;
  readonly mediaType: string;
  readonly body: Buffer;
  readonly isCut: boolean;
  readonly firstByteMs: number;
}

/** Lines may stay open: after this time the fuzzer hangs up. */
const linesMs = 300;
const readMs = 60_000;
/** No operation may be silent longer. */
const silenceMs = 120_000;
const longestAnswer = 4 * 1024 * 1024;
/** More faults of one operation say no more. */
const mostFaults = 5;

function send(target: FuzzTarget, { method, path, headers, body }: FuzzRequest): Promise<Answer | string> {
  const { socketPath, url, token, certificate } = target;
  const startedAt = performance.now();
  const options: RequestOptions = {
    ...{ method, path, agent: false },
    headers: {
      ...headers,
      ...(body === undefined ? {} : { 'content-length': body.length }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(socketPath === undefined ? {} : { socketPath }),
  };
  return new Promise((resolve) => {
    const outgoing =
      url === undefined
        ? httpRequest(options)
        : httpsRequest(new URL(path, url), {
            ...options,
            path,
            ...(certificate === undefined ? {} : { ca: certificate }),
          });
    const silence = setTimeout(() => {
      outgoing.destroy();
      resolve(`no answer within ${silenceMs / 1000} s`);
    }, silenceMs);
    outgoing.on('error', (error) => resolve(`no answer: ${error.message}`));
    outgoing.on('close', () => clearTimeout(silence));
    outgoing.on('response', (response) => {
      const firstByteMs = performance.now() - startedAt;
      clearTimeout(silence);
      const chunks: Buffer[] = [];
      let size = 0;
      const end = (isCut: boolean): void => {
        clearTimeout(reading);
        const mediaType = (response.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
        resolve({
          status: response.statusCode ?? 0,
          mediaType,
          body: Buffer.concat(chunks),
          isCut,
          firstByteMs,
        });
        response.destroy();
      };
      const isLines = response.headers['content-type']?.startsWith('application/jsonl') === true;
      const reading = setTimeout(() => end(true), isLines ? linesMs : readMs);
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > longestAnswer) end(true);
      });
      response.on('end', () => end(false));
      response.on('error', () => end(true));
    });
    outgoing.end(body);
  });
}

/** How to send the same request again. */
function shown({ method, path, headers, body, fault }: FuzzRequest): string {
  const said = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const text = body === undefined ? '' : ` ${JSON.stringify(body.toString('latin1').slice(0, 1500))}`;
  return `${method} ${path.slice(0, 500)} [${said.join('; ')}]${text} (changed: ${fault})`;
}

/** Keeps texts of answers by the name of their field, the newest twenty. */
function remember(seen: Map<string, readonly string[]>, value: unknown, name = ''): void {
  if (typeof value === 'string' && value !== '' && value.length < 200) {
    const known = seen.get(name) ?? [];
    if (!known.includes(value)) seen.set(name, [...known.slice(-19), value]);
  } else if (Array.isArray(value)) {
    for (const each of value.slice(0, 20)) remember(seen, each, name);
  } else if (isNode(value)) {
    for (const [key, child] of Object.entries(value)) remember(seen, child, key);
  }
}

function learn(seen: Map<string, readonly string[]>, { status, body, isCut }: Answer): void {
  if (status !== 200 || isCut) return;
  try {
    remember(seen, JSON.parse(body.toString('utf8')));
  } catch {
    // A file, or lines.
  }
}

/** Sends requests, operation by operation, until the time or the rounds are over. The same seed makes the same requests for the same answers. */
export async function fuzzApi(options: FuzzOptions): Promise<FuzzReport> {
  const { description, target, until, files, without = new Set() } = options;
  const operations = description.operations.filter(({ id }) => !without.has(id));
  const [counts, slowestMs] = [new Map<string, number>(), new Map<string, number>()];
  const faults: FuzzFault[] = [];
  const seen = new Map<string, readonly string[]>();
  const startedAt = performance.now();
  const isOver = (round: number): boolean =>
    'rounds' in until
      ? round >= until.rounds
      : round > 0 && performance.now() - startedAt >= until.durationMs;
  const once = async (operation: DescribedOperation, seed: number): Promise<void> => {
    const [request] = fc.sample(requestsFor(operation, description, seen, files), { numRuns: 1, seed });
    if (request === undefined) return;
    const { id } = operation;
    const answer = await send(target, request);
    // A box that refuses a large body closes the connection while the rest is being sent: the refusal may not arrive then.
    const isLarge = (request.body?.length ?? 0) > 64 * 1024;
    if (isLarge && typeof answer === 'string' && /EPIPE|ECONNRESET/.test(answer)) return;
    const problem = typeof answer === 'string' ? answer : description.check(operation, answer);
    if (problem !== undefined && faults.filter((fault) => fault.operation === id).length < mostFaults) {
      faults.push({ operation: id, problem, request: shown(request) });
    }
    if (typeof answer === 'string') return;
    learn(seen, answer);
    const key = `${id} ${answer.status}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    slowestMs.set(id, Math.max(slowestMs.get(id) ?? 0, answer.firstByteMs));
  };
  // Readings first, so that changes find ids.
  const ordered = operations.toSorted(
    (one, other) => Number(one.method !== 'GET') - Number(other.method !== 'GET'),
  );
  for (let round = 0; !isOver(round); round += 1) {
    for (const [index, operation] of ordered.entries()) {
      if (isOver(round)) break;
      await once(operation, options.seed + round * 10_000 + index);
    }
  }
  return { faults, counts, slowestMs };
}
