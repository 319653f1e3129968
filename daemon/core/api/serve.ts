import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { acceptsMediaType } from '../../contract/accept.js';
import {
  type ErrorEnvelope,
  type Problem,
  problemDetailsOf,
  problemMediaType,
  statusOf,
} from '../../contract/api-errors.js';
import { type Caller, clockToleranceMs, sessionCookie, stepUpMs } from '../../contract/caller.js';
import type { Call } from '../../contract/handlers.js';
import type { Answer, OperationDeclaration, Page, ServedFile } from '../../contract/operation.js';
import { installedLanguages } from '../../host/installed-languages.js';
import { defect, isRollcallError, type RollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import { answerInLanguage, inLanguage, type Language } from '../../words/language.js';
import type { Admission } from './admission.js';
import { readInput } from './body.js';
import { hasBody } from './body-stream.js';
import { forbidden } from './forbidden.js';
import { type Creations, withIdempotencyKey } from './idempotency.js';
import { lineForm, lineTexts, resumedQuery } from './line-forms.js';
import { rateHeaders } from './rate-limits.js';
import { entityTag, isKnown, isRevised, withIfMatch } from './revisions.js';

/** What the sender of a request says about themselves. Everything in it may be forged. */
export interface RequestFacts {
  readonly incoming: IncomingMessage;
  readonly requestId: string;
}

export interface ServeOptions {
  readonly operations: Readonly<Record<string, OperationDeclaration>>;
  /** By operation id. Every operation needs one: `Handlers<Operations>`. */
  readonly handlers: Readonly<Record<string, unknown>>;
  /** Who calls; undefined for a request without credentials. @throws `unauthenticated` for those that are not valid */
  readonly authenticate: (facts: RequestFacts) => Promise<Caller | undefined> | Caller | undefined;
  /** The caller of a public operation. */
  readonly anonymous: (facts: RequestFacts) => Caller;
  readonly admission: Admission;
  /** Stops an operation that a second person must approve first. @throws `approval-required` */
  readonly secondPerson?:
    | ((
        asked: {
          readonly operationId: string;
          readonly declaration: OperationDeclaration;
          readonly input: object;
        },
        caller: Caller,
      ) => void)
    | undefined;
  /** Does requests with an idempotency key once. Absent: the header is ignored. */
  readonly creations?: Pick<Creations, 'once'> | undefined;
  /** Told of every request that a rule refused, for the audit log. */
  readonly onRefused?: (operationId: string, caller: Caller, error: RollcallError) => void;
  /** True if every caller is on this machine: operations with `isLocalOnly` exist only then. */
  readonly isLocal: boolean;
  /** Wall clock, ms since the Unix epoch. */
  readonly nowMs: () => number;
  readonly logger: Logger;
  /** How often the rights of a caller are looked up again while lines are sent, ms. Default: 10 s. */
  readonly rightsEveryMs?: number;
}

/** A handler as the table sees it: the compiler checked it against its declaration where it was put in. */
type AnyHandler = (input: unknown, call: Call) => unknown;

interface NodeEnvironment {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** Serves every operation of the contract under `/api/v1`. The only place that turns requests into calls. */
export function serveOperations(options: ServeOptions): Hono {
  const app = new Hono();
  const served: { readonly method: string; readonly path: RegExp }[] = [];
  // The first route that fits serves a request: `/events/stream` has to come before `/events/{id}`.
  const byPath = Object.entries(options.operations).sort(([, a], [, b]) => comparePaths(a.path, b.path));
  for (const [id, declaration] of byPath) {
    if (declaration.isLocalOnly === true && !options.isLocal) continue;
    const handler = options.handlers[id];
    if (typeof handler !== 'function') {
      throw defect('operation-without-handler', `the operation ${id} has no handler`);
    }
    const route = new Route(id, declaration, handler as AnyHandler, options);
    const path = `/api/v1${declaration.path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
    app.on(declaration.method, path, (context) => route.serve(context));
    served.push({ method: declaration.method, path: new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`) });
  }
  app.notFound((context) => {
    const { method, path } = context.req;
    const { incoming } = context.env as NodeEnvironment;
    const requestId = requestIdOf(incoming);
    const methods = new Set(served.filter((each) => each.path.test(path)).map((each) => each.method));
    if (methods.size === 0) return answerError(noSuchOperation(method, path), requestId, incoming);
    // Whoever may read an address may also ask for its headers.
    if (methods.has('GET')) methods.add('HEAD');
    const allowed = [...methods].sort().join(', ');
    const answer = answerError(methodNotAllowed(method, path, allowed), requestId, incoming);
    answer.headers.set('allow', allowed);
    return answer;
  });
  return app;
}

/** Puts a path with a fixed part before one with a field at the same place. */
function comparePaths(a: string, b: string): number {
  const [left, right] = [a, b].map((path) => path.replaceAll('{', '~'));
  return (left ?? '') < (right ?? '') ? -1 : 1;
}

/** One operation, on its way from a request to an answer. */
class Route {
  readonly #id: string;
  readonly #declaration: OperationDeclaration;
  readonly #handler: AnyHandler;
  readonly #options: ServeOptions;

  constructor(id: string, declaration: OperationDeclaration, handler: AnyHandler, options: ServeOptions) {
    this.#id = id;
    this.#declaration = declaration;
    this.#handler = handler;
    this.#options = options;
  }

  async serve(context: Context): Promise<Response> {
    const { incoming, outgoing } = context.env as NodeEnvironment;
    const requestId = requestIdOf(incoming);
    // What is left of the caller's limit, whatever the answer is.
    const left: Left = { headers: {} };
    const deprecation = Object.entries(deprecationHeaders(this.#declaration));
    try {
      const answer = await this.#call(context, { incoming, outgoing, requestId }, left);
      for (const [name, value] of [...Object.entries(left.headers), ...deprecation]) {
        answer.headers.set(name, value);
      }
      return answer;
    } catch (error) {
      this.#report(error, requestId);
      const answer = answerError(error, requestId, incoming);
      for (const [name, value] of [...Object.entries(left.headers), ...deprecation]) {
        answer.headers.set(name, value);
      }
      // The listener reads the rest of a refused body for a moment. GET and HEAD have no body to wait for.
      if (!incoming.complete && isReading(incoming)) answer.headers.set('connection', 'close');
      return answer;
    }
  }

  async #call(
    context: Context,
    { incoming, outgoing, requestId }: NodeEnvironment & RequestFacts,
    left: Left,
  ): Promise<Response> {
    const declaration = this.#declaration;
    const gone = new AbortController();
    outgoing.once('close', () => gone.abort());
    const caller = await this.#caller({ incoming, requestId }, left);
    const path = context.req.param();
    left.headers = await this.#count(caller);
    const release = this.#options.admission.enter({ declaration, caller, incoming, path });
    // A caller who goes away gives nothing back before the work for them has ended.
    const ended = afterBoth(release);
    if (outgoing.closed) ended();
    else outgoing.once('close', ended);
    const facts = { incoming, requestId };
    const language = languageOf(incoming);
    const work: Work = { caller, facts, language, stopped: gone, signal: gone.signal, ended };
    let isLines = false;
    try {
      const { input, wipe } = await readInput(declaration, {
        ...{ incoming, path },
        query: resumedQuery(declaration.answer, incoming.headers, new URL(context.req.url).searchParams),
      });
      const response = await this.#handled(input, wipe, work);
      isLines = declaration.answer.kind === 'lines';
      return response;
    } finally {
      if (!isLines) ended();
    }
  }

  async #handled(input: object, wipe: () => void, begun: Work): Promise<Response> {
    const { signal, facts } = begun;
    const { requestId, incoming } = facts;
    try {
      const caller = await this.#stillAllowed(begun);
      const work = { ...begun, caller };
      this.#checkCamera(input, caller);
      let cookie: string | undefined;
      const setSessionCookie: Call['setSessionCookie'] = (token, lifeS) => {
        cookie = cookieText(token, lifeS);
      };
      const { headers } = incoming;
      const revised = withIfMatch(this.#declaration, headers, input);
      const { input: given, key } = withIdempotencyKey(this.#declaration, headers, revised);
      this.#admit(given, caller);
      const call: Call = {
        ...{ caller, signal, requestId },
        acceptsMediaType: (mediaType) => acceptsMediaType(mediaType, headers),
        ...(this.#options.isLocal ? {} : { setSessionCookie }),
      };
      const { result, isRepeat } = await this.#handleOnce(given, call, key);
      const response = await this.#answer(result, work);
      if (isRepeat) response.headers.set('idempotency-replayed', 'true');
      if (cookie !== undefined) response.headers.set('set-cookie', cookie);
      response.headers.set('x-request-id', requestId);
      response.headers.set('cache-control', 'no-store');
      if (this.#declaration.answer.kind !== 'file') setLanguage(response.headers, work.language);
      return response;
    } finally {
      wipe();
    }
  }

  /** Calls the handler, or gives the answer to an earlier request with the same key. */
  async #handleOnce(
    input: object,
    call: Call,
    key: string | undefined,
  ): Promise<{ readonly result: unknown; readonly isRepeat: boolean }> {
    const { creates: creation, answer } = this.#declaration;
    const { creations } = this.#options;
    const admit = (): void => this.#askSecondPerson(input, call.caller);
    if (creation === undefined || key === undefined || creations === undefined || answer.kind !== 'json') {
      admit();
      return { result: await this.#handler(input, call), isRepeat: false };
    }
    const { caller } = call;
    const made = await creations.once({
      ...{ operationId: this.#id, creation, key, caller, rights: rightsOf(caller), admit },
      content: withoutSecrets(this.#declaration, input),
      make: async () => this.#checked(answer.schema, await this.#handler(input, call)),
      isValid: (kept) => answer.schema.safeParse(kept).success,
    });
    return { result: made.answer, isRepeat: made.isRepeat };
  }

  /** The caller, if they may use the operation. @throws `unauthenticated`, `forbidden`, `step-up-required` */
  async #caller(facts: RequestFacts, left: Left): Promise<Caller> {
    const { scope, withoutProof } = this.#declaration;
    const { authenticate, anonymous, admission, onRefused } = this.#options;
    if (scope === 'public') return (await this.#callerOfReading(facts)) ?? anonymous(facts);
    let known: Caller | undefined;
    try {
      known = await authenticate(facts);
      this.#refuseOthers(known);
      // Where the input decides, it is read first.
      if (withoutProof === undefined) this.#refuseOldProof(known);
      return known;
    } catch (error) {
      const who = known ?? anonymous(facts);
      if (isRollcallError(error)) onRefused?.(this.#id, who, error);
      // Guessing costs as much as asking.
      left.headers = await admission.count('default', who);
      throw error;
    }
  }

  /** Refuses what needs a fresh proof and has none, where the input decides about that. @throws `step-up-required` */
  #admit(input: object, caller: Caller): void {
    const { withoutProof } = this.#declaration;
    if (withoutProof === undefined || withoutProof.holds(input)) return;
    try {
      this.#refuseOldProof(caller);
    } catch (error) {
      if (isRollcallError(error)) this.#options.onRefused?.(this.#id, caller, error);
      throw error;
    }
  }

  /** Refuses what a second person must approve and has not. @throws `approval-required` */
  #askSecondPerson(input: object, caller: Caller): void {
    if (this.#declaration.withoutProof?.holds(input) === true) return;
    this.#options.secondPerson?.({ operationId: this.#id, declaration: this.#declaration, input }, caller);
  }

  /** @throws `step-up-required` */
  #refuseOldProof({ provedAtMs }: Caller): void {
    if (this.#declaration.needsStepUp !== true || provedAtMs === 'always') return;
    const sinceMs = this.#options.nowMs() - provedAtMs;
    if (sinceMs > stepUpMs || sinceMs < -clockToleranceMs) throw stepUpRequired();
  }

  /** @throws `unauthenticated`, `forbidden` */
  #refuseOthers(known: Caller | undefined): asserts known is Caller {
    const { scope, allowsMustChange } = this.#declaration;
    if (known === undefined) throw unauthenticated();
    if (known.mustChange === true && allowsMustChange !== true) throw mustChangeFirst();
    if (scope !== 'public' && scope !== 'self' && !known.scopes.has(scope)) throw forbidden(scope);
  }

  /**
   * The caller, with the rights of this moment: a body may take minutes, and what ended meanwhile gives nothing. Their proof of who
   * they are counts from the begin of the request. @throws `unauthenticated`, `forbidden`
   */
  async #stillAllowed({ caller, facts }: Work): Promise<Caller> {
    const { isLocal, authenticate, onRefused } = this.#options;
    if (isLocal || this.#declaration.scope === 'public' || !hasBody(facts.incoming)) return caller;
    try {
      const now = await authenticate(facts);
      this.#refuseOthers(now);
      return now;
    } catch (error) {
      if (isRollcallError(error)) onRefused?.(this.#id, caller, error);
      throw error;
    }
  }

  /**
   * Who reads what is public, if they are logged in: some answers then say more. A login itself is always anonymous, so that
   * its limit counts by address.
   */
  async #callerOfReading(facts: RequestFacts): Promise<Caller | undefined> {
    if (this.#declaration.method !== 'GET') return undefined;
    try {
      return await this.#options.authenticate(facts);
    } catch (error) {
      if (isRollcallError(error, 'unauthenticated')) return undefined;
      throw error;
    }
  }

  /** @throws `rate-limited`, which is audited */
  async #count(caller: Caller): ReturnType<Admission['count']> {
    const { admission, onRefused } = this.#options;
    try {
      return await admission.count(this.#declaration.rate, caller);
    } catch (error) {
      if (isRollcallError(error, 'rate-limited')) onRefused?.(this.#id, caller, error);
      throw error;
    }
  }

  #checkCamera(input: unknown, caller: Caller): void {
    const { camera } = this.#declaration;
    if (camera === undefined || caller.cameras === undefined) return;
    const id = (input as Readonly<Record<string, unknown>>)[camera];
    if (typeof id === 'string' && caller.cameras.has(id)) return;
    throw refusal('forbidden:camera');
  }

  async #answer(result: unknown, work: Work): Promise<Response> {
    const { answer } = this.#declaration;
    const { requestId } = work.facts;
    if (answer.kind === 'json') {
      const data = this.#checked(answer.schema, result);
      return withTag(data, work.facts.incoming, () =>
        Response.json({ success: true, data: answerInLanguage(data, work.language), meta: { requestId } }),
      );
    }
    if (answer.kind === 'page') return this.#page(answer, result as Page<unknown>, work);
    if (answer.kind === 'file') return fileAnswer(answer.mediaType, result as ServedFile);
    return this.#lines(answer, result as AsyncIterable<unknown>, work);
  }

  #page(
    { item }: Extract<Answer, { kind: 'page' }>,
    { items, nextCursor, total }: Page<unknown>,
    { language, facts: { requestId } }: Work,
  ): Response {
    const data = answerInLanguage(this.#checked(z.array(item), items), language);
    return Response.json({
      success: true,
      data,
      meta: { requestId, pageSize: items.length, nextCursor, total },
    });
  }

  /** The first item is made before the answer begins, so that an error before it has its own status. */
  async #lines(
    answer: Extract<Answer, { kind: 'lines' }>,
    items: AsyncIterable<unknown>,
    work: Work,
  ): Promise<Response> {
    const iterator = items[Symbol.asyncIterator]();
    const { requestId, incoming } = work.facts;
    const form = lineForm(answer, incoming.headers, requestId);
    let beat = (): void => undefined;
    const rights = this.#watchRights(work, () => beat());
    let isOver = false;
    // Whatever ends the answer ends the iterator: also a caller who leaves, and HEAD, which reads no line.
    const over = async (): Promise<void> => {
      if (isOver) return;
      isOver = true;
      rights.stop();
      try {
        await iterator.return?.();
      } catch (error) {
        this.#report(error, requestId);
      } finally {
        work.ended();
      }
    };
    try {
      const first = await iterator.next();
      const text = lineTexts(first, iterator, {
        ...{ lost: rights.lost, done: form.done },
        encode: (value) => form.item(answerInLanguage(this.#checked(answer.item, value), work.language)),
        encodeError: (error) => {
          this.#report(error, requestId);
          if (form.failed !== undefined) return form.failed(errorOf(error, requestId, work.language));
          incoming.socket.destroy();
          return '';
        },
      });
      if (work.signal.aborted) void over();
      else work.signal.addEventListener('abort', () => void over(), { once: true });
      const encoder = new TextEncoder();
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          const { beat: text } = form;
          if (text === undefined) return;
          // A reader who does not take what is there needs no sign of life.
          beat = () => {
            if (!isOver && (controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(text));
          };
        },
        async pull(controller) {
          const { value, done } = await text.next();
          if (value !== undefined && value !== '') controller.enqueue(encoder.encode(value));
          if (done !== true) return;
          controller.close();
          await over();
        },
        // Not awaited: an iterator that waits for its next item ends by the signal of the call.
        cancel: () => void over(),
      });
      return new Response(stream, { headers: { 'content-type': form.mediaType } });
    } catch (error) {
      await over();
      throw error;
    }
  }

  /**
   * Looks again and again whether the caller still has the rights that they began with: a session that ends, a role that
   * changes or an account that is disabled ends what is still being sent. Calls `kept` each time they have.
   */
  #watchRights(
    { caller, facts, stopped }: Work,
    kept: () => void,
  ): { readonly lost: () => unknown; stop(): void } {
    if (this.#options.isLocal || this.#declaration.scope === 'public') {
      return { lost: () => undefined, stop: () => undefined };
    }
    let lost: unknown;
    const look = async (): Promise<void> => {
      try {
        const now = await this.#options.authenticate(facts);
        this.#refuseOthers(now);
        if (rightsOf(now) !== rightsOf(caller)) throw rightsChanged();
        kept();
      } catch (error) {
        lost ??= error;
        stopped.abort();
      }
    };
    const timer = setInterval(() => void look(), this.#options.rightsEveryMs ?? 10_000);
    timer.unref();
    return { lost: () => lost, stop: () => clearInterval(timer) };
  }

  /** The answer as the contract describes it; fields that it does not name are cut. */
  #checked(schema: z.ZodType, value: unknown): unknown {
    const checked = schema.safeParse(value);
    if (checked.success) return checked.data;
    throw defect('answer-not-valid', `the answer of ${this.#id} does not follow the contract`, {
      details: {
        problems: checked.error.issues.map(({ path, code }) => `${path.join('.')}: ${code}`).slice(0, 10),
      },
    });
  }

  #report(error: unknown, requestId: string): void {
    const { logger } = this.#options;
    const about = { operation: this.#id, requestId, error };
    if (!isRollcallError(error) || error.kind === 'defect') logger.error('a request failed', about);
    else if (error.kind === 'operational') {
      // What is public is asked for again and again by probes, and its answer says what is wrong.
      const level = this.#declaration.scope === 'public' ? 'debug' : 'warn';
      logger[level]('a request could not be served', about);
    }
  }
}

/** Headers of the answer to one request. */
interface Left {
  headers: Readonly<Record<string, string>>;
}

/** What a request is worked on with. */
interface Work {
  readonly caller: Caller;
  readonly facts: RequestFacts;
  /** In which the answer puts into words what the box says. */
  readonly language: Language;
  /** Ends the work: the caller left, or lost their rights. */
  readonly stopped: AbortController;
  readonly signal: AbortSignal;
  /** Says that the work has ended. */
  readonly ended: () => void;
}

/** The input without what nobody may keep. */
function withoutSecrets({ secrets, hiddenFields = [] }: OperationDeclaration, input: object): object {
  const hidden = new Set([...hiddenFields, ...Object.keys(secrets ?? {})]);
  return Object.fromEntries(Object.entries(input).filter(([name]) => !hidden.has(name)));
}

const rightsOf = ({ scopes, cameras }: Caller): string =>
  JSON.stringify([[...scopes].sort(), cameras === undefined ? null : [...cameras].sort()]);

/** Calls `release` when it was called twice: the answer is closed, and the work behind it has ended. */
function afterBoth(release: () => void): () => void {
  let open = 2;
  return () => {
    open -= 1;
    if (open === 0) release();
  };
}

/** The answer with the tag of its revision, or that the reader has it already. */
function withTag(data: unknown, { headers, method }: IncomingMessage, answer: () => Response): Response {
  if (!isRevised(data)) return answer();
  const etag = entityTag(data);
  if (method === 'GET' && isKnown(etag, headers))
    return new Response(null, { status: 304, headers: { etag } });
  const response = answer();
  response.headers.set('etag', etag);
  return response;
}

function fileAnswer(mediaType: string, { bytes, mediaType: actual = mediaType }: ServedFile): Response {
  const headers = { 'content-type': actual, 'x-content-type-options': 'nosniff' };
  if (bytes instanceof Uint8Array) return new Response(Uint8Array.from(bytes), { headers });
  return new Response(ReadableStream.from(bytes), { headers });
}

/** The cookie of a session, or its deletion: only for this host, over TLS, out of reach of scripts and of other sites. */
function cookieText(token: string | undefined, lifeS: number): string {
  const life = Math.max(0, Math.floor(lifeS));
  return `${sessionCookie}=${token ?? ''}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=${life}`;
}

/** RFC 9745 and RFC 8594. */
function deprecationHeaders({ deprecated }: OperationDeclaration): Readonly<Record<string, string>> {
  if (deprecated === undefined) return {};
  const { since, sunset } = deprecated;
  return {
    deprecation: `@${Math.floor(Date.parse(since) / 1000)}`,
    ...(sunset === undefined ? {} : { sunset: new Date(sunset).toUTCString() }),
  };
}

const isReading = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';

const requestIdForm = /^[A-Za-z0-9-]{8,64}$/;

function requestIdOf(incoming: IncomingMessage): string {
  const given = incoming.headers['x-request-id'];
  return typeof given === 'string' && requestIdForm.test(given) ? given : randomUUID();
}

/** The first language of the request that the box has. */
const languageOf = ({ headers }: IncomingMessage): Language =>
  installedLanguages().accepted(headers['accept-language']);

function setLanguage(headers: Headers, { tag }: Language): void {
  headers.set('content-language', tag);
  headers.append('vary', 'Accept-Language');
}

function errorOf(error: unknown, requestId: string, language: Language): Problem {
  if (!isRollcallError(error) || error.kind === 'defect') {
    const message = 'the box failed to serve this request; its log has the reason';
    const remedy = `Look for the request id ${requestId} in the log of rollcalld and report the fault.`;
    return { kind: 'defect', code: 'internal', message, remedy, details: {}, requestId };
  }
  const { kind, code, message, remedy, says, details } = error;
  const problem = { kind, code, message, ...present({ remedy, says }), details, requestId };
  return inLanguage(problem, language);
}

function answerError(error: unknown, requestId: string, incoming: IncomingMessage): Response {
  const asked = incoming.headers;
  const language = languageOf(incoming);
  const body: ErrorEnvelope = { success: false, error: errorOf(error, requestId, language) };
  const { kind, code, details } = body.error;
  const headers = new Headers({ 'cache-control': 'no-store', 'x-request-id': requestId });
  setLanguage(headers, language);
  const { retryAfterS, limit } = details;
  if (typeof retryAfterS === 'number') {
    headers.set('retry-after', String(Math.ceil(retryAfterS)));
    if (code === 'rate-limited' && typeof limit === 'number') {
      const left = rateHeaders({ limit, remaining: 0, resetS: Math.ceil(retryAfterS) });
      for (const [name, value] of Object.entries(left)) headers.set(name, value);
    }
  }
  if (code === 'unauthenticated') headers.set('www-authenticate', 'Bearer');
  const status = statusOf(kind, code);
  if (!acceptsMediaType(problemMediaType, asked)) return Response.json(body, { status, headers });
  headers.set('content-type', problemMediaType);
  return new Response(JSON.stringify(problemDetailsOf(body.error, status)), { status, headers });
}

function noSuchOperation(method: string, path: string): RollcallError {
  return refusal('no-such-operation', { method, path });
}

function methodNotAllowed(method: string, path: string, allowed: string): RollcallError {
  return refusal('method-not-allowed', { path, method, allowed });
}

function unauthenticated(): RollcallError {
  return refusal('unauthenticated');
}

function rightsChanged(): RollcallError {
  return refusal('forbidden:rights-changed');
}

function mustChangeFirst(): RollcallError {
  return refusal('forbidden:password-first');
}

function stepUpRequired(): RollcallError {
  return refusal('step-up-required');
}
