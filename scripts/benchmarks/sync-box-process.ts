import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { VerifyingKey } from '../../daemon/core/identity/public-key.js';
import type { Issuer } from '../../test/support/command-centre.js';
import type { Wanted } from '../../test/support/sync-centre.js';
import { exitOf, hasEnded } from '../child-end.js';

/** All that a box needs to start. */
export interface BoxStart {
  readonly boxId: string;
  readonly brokerUrl: string;
  /** Of its files, which stay. */
  readonly directory: string;
  /** Whom it trusts. */
  readonly issuer: Pick<Issuer, 'id' | 'keyId' | 'publicText'>;
  /** Present: looks at photographs with real networks, which lie there; see `startPhotographReader`. */
  readonly models?: string;
}

/** What its centre has to know. */
export interface BoxAbout {
  /** X25519, base64url. */
  readonly publicKey: string;
  readonly keyId: string;
  readonly verifying: VerifyingKey;
}

export interface BoxState {
  readonly residentMiB: number;
  readonly galleryMB: number;
  readonly recordsMB: number;
  readonly outboxDepth: number;
  /** Of the process since its start. */
  readonly cpuMs: number;
}

/** What can be asked of a box beside commands. */
export interface BoxDeeds {
  about(): Promise<BoxAbout>;
  /** Enrols persons by the handler of the command, without broker and queue; the gallery does not wait for the disk. */
  fill(persons: readonly Pick<Wanted, 'externalId' | 'name'>[]): Promise<void>;
  /** Changes a person at the box. */
  rename(change: { readonly externalId: string; readonly name: string }): Promise<void>;
  /** Begins to watch the event loop. */
  watch(): Promise<void>;
  /** The longest time for which the event loop was held since `watch`, milliseconds. */
  watched(): Promise<number>;
  state(): Promise<BoxState>;
  end(): Promise<void>;
}

export interface BoxOrder {
  readonly id: number;
  readonly deed: keyof BoxDeeds;
  readonly given: unknown;
}

interface BoxAnswer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

export interface BoxProcess extends BoxDeeds, AsyncDisposable {
  readonly boxId: string;
}

/** Starts a box in a process of its own; it takes commands when this resolves. */
export async function startBoxProcess(start: BoxStart): Promise<BoxProcess> {
  const main = fileURLToPath(new URL('sync-box.ts', import.meta.url));
  const child = fork(main, [JSON.stringify(start)], { execArgv: ['--import', 'tsx'] });
  const waiting = new Map<number, (answer: BoxAnswer) => void>();
  child.on('message', (answer: BoxAnswer) => waiting.get(answer.id)?.(answer));
  void exitOf(child).then(({ code }) => {
    for (const settle of waiting.values()) settle({ id: -1, error: `the box ended with ${code}` });
  });
  let last = 0;
  const answered = (id: number): Promise<unknown> =>
    new Promise((resolve, reject) => {
      waiting.set(id, ({ result, error }) => {
        waiting.delete(id);
        if (error === undefined) resolve(result);
        else reject(new Error(`${start.boxId}: ${error}`));
      });
    });
  const ask = <Deed extends keyof BoxDeeds>(deed: Deed, given?: unknown): ReturnType<BoxDeeds[Deed]> => {
    last += 1;
    const done = answered(last);
    child.send({ id: last, deed, given } satisfies BoxOrder);
    return done as ReturnType<BoxDeeds[Deed]>;
  };
  await answered(0);
  return {
    boxId: start.boxId,
    about: () => ask('about'),
    fill: (persons) => ask('fill', persons),
    rename: (change) => ask('rename', change),
    watch: () => ask('watch'),
    watched: () => ask('watched'),
    state: () => ask('state'),
    end: () => ask('end'),
    [Symbol.asyncDispose]: () => endOf(child, () => ask('end')),
  };
}

async function endOf(child: ChildProcess, ask: () => Promise<void>): Promise<void> {
  if (hasEnded(child)) return;
  await ask();
  await exitOf(child);
}
