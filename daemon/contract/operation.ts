import { z } from 'zod';
import type { SecondPersonClass } from '../kernel/second-person-classes.js';
import type { CommandLine } from './command-line.js';
import type { CommandScope } from './command-scopes.js';
import type { Scope } from './scopes.js';

/**
 * How often a caller may use an operation, by class. The figures are configuration; the classes are the contract.
 * `login`: proves who somebody is. `pictures`: kept pictures, of which one page of the console shows dozens. `days`: all passages of a
 * day, through which people leaf. `heavy`: long work.
 */
export const rateClasses = [
  'default',
  'login',
  'enrolment',
  'addresses',
  'guidance',
  'recognition',
  'detection',
  'pictures',
  'days',
  'stream',
  'heavy',
] as const;
export type RateClass = (typeof rateClasses)[number];

/** Parts of a multipart request that are files, such as photographs. */
interface FilePart {
  /** The fewest and the most parts with this name. */
  readonly minimum: number;
  readonly maximum: number;
  /** The largest size of one, bytes. */
  readonly maximumBytes: number;
  readonly description: string;
}

/** A secret of a multipart request, such as a passphrase. It stays bytes and is wiped after the call. */
export interface SecretPart {
  readonly isRequired: boolean;
  readonly maximumBytes: number;
  readonly description: string;
}

/** The kinds of answers. */
export type Answer =
  /** One JSON document. */
  | { readonly kind: 'json'; readonly schema: z.ZodType }
  /** One page of a list that can grow: the handler returns a `Page`. */
  | { readonly kind: 'page'; readonly item: z.ZodType }
  /** Lines of JSON that are made while they are read: the handler returns an `AsyncIterable` of items. */
  | {
      readonly kind: 'lines';
      readonly item: z.ZodType;
      /** True where the items end by themselves. Callers get one JSON document unless they ask for lines. */
      readonly isBounded?: true;
      /** Present where a reader can continue after a cut: it can ask for server-sent events, too. */
      readonly resume?: Resume;
    }
  /** A file: the handler returns a `ServedFile`. */
  | {
      readonly kind: 'file';
      readonly mediaType: string;
      /** What callers get who ask for this media type: the same in another form. */
      readonly alternative?: string;
    };

/** How a reader continues lines that were cut. */
interface Resume {
  /** The field of the query that says after which item they go on. */
  readonly field: string;
  /** What this field says when the reader has this item. The item is one of this operation. */
  positionOf(item: unknown): number;
}

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Give it as `cursor` to get the next page; absent on the last page. */
  readonly nextCursor?: string | undefined;
  /** How many items there are on all pages; absent where counting costs too much. */
  readonly total?: number | undefined;
}

export interface ServedFile {
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>;
  readonly mediaType?: string | undefined;
}

/** What a call that succeeds makes. Its answer has the kind `json`. */
export interface Creation {
  /** Where the answer names it: `user.id`. An answer without it made nothing. Absent: it has no id in the answer. */
  readonly id?: string;
  /** The operation by which a caller finds out whether it was made. */
  readonly foundBy: string;
  /** Present if the box must not keep the answer, such as one with a secret: what a caller does who lost it. */
  readonly lost?: string;
}

/** How a centre calls an operation: with the command `call-operation`, and perhaps with an older command of its own. */
export interface CentreCall {
  /** What the box must trust the issuer of the command with. */
  readonly scope: CommandScope;
  /** Where personal data are. They travel sealed, because a broker can read what passes through it. */
  readonly sealed?: 'input' | 'answer' | 'both';
  /** The command that was made for it before `call-operation` existed. */
  readonly command?: string;
  /** True where `call-operation` does not reach it: its answer tells more than its scope is for. */
  readonly isOnlyOwn?: true;
  /** How the result of that command holds the answer. `page`, `items`: its items. Otherwise the name of the field. Absent: in a form of its own. */
  readonly answerAs?: string;
}

/** The one description of something the box can do. Everything else is derived from it. */
export interface OperationDeclaration {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/api/v1`. A name in braces is a field of the input: `/persons/{id}`. */
  readonly path: `/${string}`;
  /** One sentence in the imperative: "List the persons of the gallery." */
  readonly summary: string;
  /** More than the summary says: what is special, what it costs. */
  readonly description?: string;
  /**
   * The fields that are not files or secrets: those named in the path travel there, the others in the query (GET,
   * DELETE) or as a JSON document.
   */
  readonly input?: z.ZodObject;
  readonly files?: Readonly<Record<string, FilePart>>;
  /** Largest size of all files together, bytes. Default: the sum of what each may have. */
  readonly filesBytes?: number;
  readonly secrets?: Readonly<Record<string, SecretPart>>;
  readonly answer: Answer;
  /** The codes of the errors it may give besides `commonErrors`. */
  readonly errors: readonly string[];
  /** `public`: needs no login. `self`: every caller who is logged in, about themselves. */
  readonly scope: Scope | 'public' | 'self';
  /**
   * What leaves an entry when it succeeds. `write`: changes something. `personal`: reads personal data; readings have an allowance
   * of entries. Absent: no entry.
   */
  readonly audit?: 'write' | 'personal';
  /** Present for what makes something new: callers may then repeat a request safely, with the header `Idempotency-Key`. */
  readonly creates?: Creation;
  readonly rate: RateClass;
  /** Present where callers should use something else. The days are ISO 8601: since when, and when the box stops serving it. */
  readonly deprecated?: { readonly since: string; readonly sunset?: string };
  /** True if the answer may take longer than a few seconds. */
  readonly isLong?: true;
  /**
   * True for a WebSocket: from the network, callers open it at the gate, which alone reads the lines of the answer. A request
   * without an upgrade gets no answer of the core.
   */
  readonly isWebSocket?: true;
  /** True if the caller must have proved who they are within the last 5 minutes. */
  readonly needsStepUp?: true;
  /** Inputs that need neither a fresh proof nor a second person, because they only end access or can be taken back. */
  readonly withoutProof?: {
    /** Completes "Not needed where …" in the documents. */
    readonly where: string;
    holds(input: object): boolean;
  };
  /** The configuration can demand for this class that a second person approves the operation. */
  readonly secondPerson?: SecondPersonClass;
  /** Fields of the input that a second person must not see, because they are secret. */
  readonly hiddenFields?: readonly string[];
  /** True for what an account may do that must choose another password first. */
  readonly allowsMustChange?: true;
  /** True for what only a person on the box may do, because it names files of the box. The network has no such operation. */
  readonly isLocalOnly?: true;
  /** How people call it with `rollcall`. Absent: not at all, or by a command that does more than one call. */
  readonly commandLines?: readonly CommandLine[];
  /** Present where a centre may call it over MQTT. */
  readonly centre?: CentreCall;
  /** The field of the input that holds a camera id. Callers who are limited to cameras may use no other. */
  readonly camera?: string;
  /** Largest JSON document, bytes. Default: `defaultDocumentBytes`. */
  readonly documentBytes?: number;
}

/** Largest JSON document of a request, bytes, unless the operation says otherwise. Parsing it takes about a millisecond. */
export const defaultDocumentBytes = 64 * 1024;
/** Deepest nesting of arrays and objects in a JSON document of a request. */
export const maximumDocumentDepth = 32;

/** Errors that every operation may give. */
export const commonErrors = [
  'bad-request',
  'request-too-large',
  'unsupported-media-type',
  'unauthenticated',
  'forbidden',
  'step-up-required',
  'approval-required',
  'rate-limited',
  'busy',
  'internal',
] as const;

/** Errors that the gate gives in place of the core (docs/reference/gate.md). Callers on the box never get them. */
export const gateErrors = [
  ...(['bad-host', 'bad-path', 'wrong-origin', 'body-late', 'address-too-long'] as const),
  ...(['wrong-host', 'headers-too-large', 'core-unreachable'] as const),
] as const;

/** Declares an operation. The type keeps every literal, so that callers are checked by the compiler. */
export function operation<const Declaration extends OperationDeclaration>(
  declaration: Declaration,
): Declaration {
  return declaration;
}

type Fields<D extends OperationDeclaration, Direction extends 'in' | 'out'> = D extends {
  readonly input: infer I extends z.ZodType;
}
  ? Direction extends 'in'
    ? z.input<I>
    : z.output<I>
  : unknown;

type Files<D extends OperationDeclaration> = D extends { readonly files: infer F }
  ? { readonly [K in keyof F]: readonly Buffer[] }
  : unknown;

type Secrets<D extends OperationDeclaration> = D extends { readonly secrets: infer S }
  ? {
      readonly [K in keyof S as S[K] extends { readonly isRequired: true } ? K : never]: Buffer;
    } & {
      readonly [K in keyof S as S[K] extends { readonly isRequired: true } ? never : K]?: Buffer | undefined;
    }
  : unknown;

/** What a caller gives. */
export type CallInput<D extends OperationDeclaration> = Fields<D, 'in'> & Files<D> & Secrets<D>;
/** What a handler gets: the same with defaults filled in. */
export type HandlerInput<D extends OperationDeclaration> = Fields<D, 'out'> & Files<D> & Secrets<D>;

/** What a handler returns. */
export type HandlerOutput<D extends OperationDeclaration> = D['answer'] extends {
  readonly kind: 'json';
  readonly schema: infer S extends z.ZodType;
}
  ? z.input<S>
  : D['answer'] extends { readonly kind: 'page'; readonly item: infer I extends z.ZodType }
    ? Page<z.input<I>>
    : D['answer'] extends { readonly kind: 'lines'; readonly item: infer I extends z.ZodType }
      ? AsyncIterable<z.input<I>>
      : ServedFile;

/** What a caller gets. */
export type CallOutput<D extends OperationDeclaration> = D['answer'] extends {
  readonly kind: 'json';
  readonly schema: infer S extends z.ZodType;
}
  ? z.output<S>
  : D['answer'] extends { readonly kind: 'page'; readonly item: infer I extends z.ZodType }
    ? Page<z.output<I>>
    : D['answer'] extends { readonly kind: 'lines'; readonly item: infer I extends z.ZodType }
      ? AsyncIterable<z.output<I>>
      : Buffer;

/** Selects a page. */
export const pageFields = {
  /** Items on the page. */
  limit: z.int().min(1).max(1000).default(100),
  /** `nextCursor` of the page before; absent for the first page. */
  cursor: z.string().max(256).optional(),
};

/** The fields of a page of rows that are numbered: the cursor is a number. */
export const numberedPageFields = {
  limit: pageFields.limit,
  cursor: z
    .string()
    .regex(/^\d{1,16}$/)
    .optional()
    .describe('`nextCursor` of the page before.'),
};

/** Give it to change an object only if it has not changed since it was read. Over HTTP, the header `If-Match` gives it, too. */
export const ifRevision = z
  .int()
  .positive()
  .optional()
  .describe('Change the object only if it still has this revision.');

/** True if the answer is an object that counts its changes: over HTTP it has an `ETag`. */
export function hasRevision({ answer }: OperationDeclaration): boolean {
  return answer.kind === 'json' && answer.schema instanceof z.ZodObject && 'revision' in answer.schema.shape;
}

/** True if the operation can depend on the revision that the caller has read. */
export const takesRevision = ({ input }: OperationDeclaration): boolean =>
  input !== undefined && 'ifRevision' in input.shape;

/** True if the operation has a field for the key, and looks after repeats itself. */
export const hasIdempotencyField = ({ input }: OperationDeclaration): boolean =>
  input !== undefined && 'idempotencyKey' in input.shape;

/** Errors of a request with the header `Idempotency-Key`. */
const idempotencyErrors = [
  'idempotency-key-reused',
  'idempotency-outcome-unknown',
  'idempotency-answer-not-kept',
] as const;

/** The codes of the errors that an operation may give besides `commonErrors`, those of its key included. */
export const ownErrors = (declaration: OperationDeclaration): readonly string[] =>
  declaration.creates === undefined || hasIdempotencyField(declaration)
    ? declaration.errors
    : [...declaration.errors, ...idempotencyErrors];

/** The names in the path of an operation: `/persons/{id}` has `id`. */
export function pathFields(path: string): readonly string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
}
