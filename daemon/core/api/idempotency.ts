import type { IncomingHttpHeaders } from 'node:http';
import type { Caller } from '../../contract/caller.js';
import { type Creation, hasIdempotencyField, type OperationDeclaration } from '../../contract/operation.js';
import { contentHash } from '../../host/content-hash.js';
import { isRollcallError, type RollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { refusal } from '../../words/errors.js';
import { badRequest } from './body-stream.js';
import type { KeptRequest, KeptRequests, RequestPlace } from './kept-requests.js';

const keyForm = /^[\x21-\x7e]{8,128}$/;
/** Longer answers are not kept. */
const longestAnswer = 16 * 1024;

/**
 * The key of the header `Idempotency-Key`, where the operation takes one. Other operations ignore the header.
 * @throws `bad-request` for a key of another form
 */
function keyOf({ creates }: OperationDeclaration, headers: IncomingHttpHeaders): string | undefined {
  const given = headers['idempotency-key'];
  if (given === undefined || creates === undefined) return undefined;
  if (typeof given === 'string' && keyForm.test(given)) return given;
  throw badRequest(
    'its header Idempotency-Key is not a key',
    'Send 8 to 128 characters of ASCII without spaces, such as a random UUID.',
  );
}

/**
 * The input and the key of a request. Where the operation has a field for the key, it looks after repeats itself: the key is in the
 * input then. @throws `bad-request` for a key of another form, and where header and field differ
 */
export function withIdempotencyKey(
  declaration: OperationDeclaration,
  headers: IncomingHttpHeaders,
  input: object,
): { readonly input: object; readonly key: string | undefined } {
  const key = keyOf(declaration, headers);
  if (key === undefined || !hasIdempotencyField(declaration)) return { input, key };
  const { idempotencyKey = key } = input as { readonly idempotencyKey?: string };
  if (idempotencyKey !== key) {
    throw badRequest('its header Idempotency-Key and its field idempotencyKey differ', 'Give one of them.');
  }
  return { input: { ...input, idempotencyKey }, key: undefined };
}

/** A request with a key. */
export interface Making {
  readonly operationId: string;
  readonly creation: Creation;
  readonly key: string;
  /** What was sent, without secrets: not even their hashes are kept. */
  readonly content: object;
  /** What the caller may do, where the answer depends on it. */
  readonly rights: string;
  readonly caller: Caller;
  /** Refuses what a second person must approve first. */
  admit(): void;
  /** Returns the answer as the contract describes it. */
  make(): Promise<unknown>;
  /** Whether the contract of this version describes an answer. */
  isValid(answer: unknown): boolean;
}

export interface Made {
  readonly answer: unknown;
  /** True for the answer to an earlier request. */
  readonly isRepeat: boolean;
}

/** Does a request with a key once, however often it comes. Keys belong to their caller and operation. */
export class Creations {
  readonly #kept: KeptRequests;
  readonly #logger: Logger;
  /** Requests that are under way, by place. They never fail. */
  readonly #running = new Map<string, Promise<unknown>>();

  constructor({ kept, logger }: { readonly kept: KeptRequests; readonly logger: Logger }) {
    this.#kept = kept;
    this.#logger = logger;
  }

  /**
   * Makes what is asked for, or gives the answer to an earlier request. Waits for one that is under way.
   * @throws what `making` throws, `idempotency-key-reused`, `idempotency-outcome-unknown`, `idempotency-answer-not-kept`
   */
  async once(making: Making): Promise<Made> {
    const { operationId: operation, key, caller } = making;
    const place = { actor: caller.actor, operation, key };
    const content = await contentHash(making.content);
    const name = JSON.stringify([place.actor, operation, key]);
    while (this.#running.has(name)) await this.#running.get(name);
    const turn = this.#once(place, content, making);
    const ended = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#running.set(name, ended);
    try {
      return await turn;
    } finally {
      this.#running.delete(name);
    }
  }

  async #once(place: RequestPlace, content: string, making: Making): Promise<Made> {
    const found = this.#kept.find(place, content);
    if (found !== undefined) return { answer: answerAgain(found, making), isRepeat: true };
    this.#kept.keep(place, { state: 'begun', content });
    let answer: unknown;
    try {
      making.admit();
      answer = await making.make();
    } catch (error) {
      if (madeNothing(error)) this.#note(() => this.#kept.free(place));
      throw error;
    }
    this.#note(() => this.#keep(place, content, answer, making));
    return { answer, isRepeat: false };
  }

  #keep(place: RequestPlace, content: string, answer: unknown, { creation, rights }: Making): void {
    const objectId = creation.id === undefined ? undefined : valueAt(answer, creation.id);
    if (creation.id !== undefined && objectId === undefined) {
      // The answer says why nothing was made.
      this.#kept.free(place);
      return;
    }
    const done = { state: 'done', content, objectId } as const;
    const text = JSON.stringify(answer);
    // What is known of a person is read where it is kept: there it is of today, erasable, and each reading is in the audit log.
    const persons = personsIn(answer);
    const isKept = creation.lost === undefined && text.length <= longestAnswer && persons.length === 0;
    this.#kept.keep(place, isKept ? { ...done, answer: text, rights } : done, persons);
  }

  /** What was made is made: if this cannot be written down, a repeat is told that the outcome is unknown. */
  #note(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#logger.error('the outcome of a request with an idempotency key was not written down', { error });
    }
  }
}

function answerAgain(
  { isSame, state, answer, objectId, rights }: KeptRequest & { readonly isSame: boolean },
  making: Making,
): unknown {
  const { creation } = making;
  if (!isSame) throw keyReused();
  if (state === 'begun') throw outcomeUnknown(creation);
  // The answer may tell what the caller may no longer read, or be that of another version.
  if (answer === undefined || rights !== making.rights) throw notKept(creation, objectId);
  const again: unknown = JSON.parse(answer);
  if (!making.isValid(again)) throw notKept(creation, objectId);
  return again;
}

/**
 * True for a refusal, which comes before anything is made. After other errors, such as a full disk, nobody knows; only a box that is
 * busy has not begun.
 */
const madeNothing = (error: unknown): boolean =>
  isRollcallError(error) && (error.kind === 'input' || error.code === 'busy');

/** The text or number at a path such as `user.id`. */
function valueAt(answer: unknown, path: string): string | undefined {
  let value = answer;
  for (const name of path.split('.')) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  }
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

const personIdForm = /^p-[0-9a-z]{26}$/;

/** The ids of persons anywhere in a value. */
function personsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return personIdForm.test(value) ? [value] : [];
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  return Object.values(value).flatMap(personsIn);
}

/** The key belongs to a request with other content. */
export function keyReused(): RollcallError {
  return refusal('idempotency-key-reused');
}

function outcomeUnknown({ foundBy }: Creation): RollcallError {
  return refusal('idempotency-outcome-unknown', { foundBy });
}

function notKept({ lost, foundBy }: Creation, id: string | undefined): RollcallError {
  return refusal(
    'idempotency-answer-not-kept',
    {},
    { remedy: lost ?? `Read what it made (${foundBy}).`, details: id === undefined ? {} : { id } },
  );
}
