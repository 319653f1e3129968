import type { OpenDatabase } from '../../host/sqlite.js';
import { explained } from '../explained.js';
import type { GrantSeal } from './grant-seal.js';

/** A command that was found good and is to be executed. */
export interface AcceptedCommand {
  readonly issuerId: string;
  readonly commandId: string;
  readonly keyId: string;
  readonly name: string;
  /** JSON. */
  readonly arguments: string;
  /** SHA-256 of what the issuer signed. */
  readonly claimsHash: Uint8Array;
  /** When its issuer gave it, milliseconds since the epoch. */
  readonly issuedAtMs: number;
  /** When its token is out of date, milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/** One of those that wait, or whose execution began. */
export interface KnownCommand extends Omit<AcceptedCommand, 'claimsHash' | 'issuedAtMs'> {
  /** In order of their arrival. */
  readonly number: number;
}

/** How much may wait at once. */
export interface WaitingLimits {
  readonly commands: number;
  readonly bytes: number;
}

export type Acceptance =
  | { readonly outcome: 'accepted' }
  /** It came before, and waits or is being executed: its answer will come. */
  | { readonly outcome: 'under-way' }
  /** It came before and was answered; `reply` is the JSON of the answer, undefined where that was too long to be kept. */
  | { readonly outcome: 'answered'; readonly reply: string | undefined }
  /** Another command of the same issuer had this id. */
  | { readonly outcome: 'id-taken' }
  /** Commands of its age have been forgotten: it may have been among them. */
  | { readonly outcome: 'too-old' }
  /** It was given before records were lost that would tell whether it was executed. */
  | { readonly outcome: 'memory-lost' }
  | { readonly outcome: 'full' };

/**
 * Which commands were accepted and how far each came, so that none is executed twice, whatever happens between. The ids of
 * all commands of one issuer are its own: nobody can use up those of another.
 */
export interface CommandMemory {
  /** Writes a command down, unless it is known. It is on the disk when this says so. */
  accept(command: AcceptedCommand, limits: WaitingLimits): Acceptance;
  /** Whether a trusted issuer gave a command of this id. */
  knows(commandId: string): boolean;
  /** The oldest that waits. What this program did not write down is dropped: its issuer can send it again. */
  nextWaiting(): KnownCommand | undefined;
  /** How many were dropped since this was asked last. */
  takeDropped(): number;
  waitingCount(): number;
  /** Its execution begins: from here on it is never executed again. False where it does not wait any more. */
  begin(number: number): boolean;
  /** Those that began and were not answered: after a start, those that an end of the program cut short. */
  begun(): readonly KnownCommand[];
  /** It is answered. Call in the transaction that records the answer; `reply` is null where that is too long to be kept. */
  answered(number: number, reply: string | null): void;
  /** Forgets what was out of date at `beforeMs`, a part of it at a time, and remembers that it did. */
  forget(beforeMs: number): void;
}

interface Found {
  readonly claimsHash: Uint8Array;
  readonly state: 'waiting' | 'begun' | 'answered';
  readonly reply: string | null;
}

interface Waiting {
  readonly commands: number;
  readonly bytes: number;
}

const columns = `number, issuer_id AS issuerId, command_id AS commandId, key_id AS keyId, name,
                 coalesce(arguments, '{}') AS arguments, expires_at_ms AS expiresAtMs`;

export interface CommandMemoryParts {
  readonly seal: Pick<GrantSeal, 'sealCommand' | 'isGenuine'>;
  readonly isTrusted: (issuerId: string) => boolean;
}

export function commandMemoryOf(database: OpenDatabase, parts: CommandMemoryParts): CommandMemory {
  const { db } = database;
  const issuersOf = db
    .prepare<[string], string>('SELECT DISTINCT issuer_id FROM command WHERE command_id = ?')
    .pluck();
  const waiting = waitingOf(database);
  const begin = db.prepare<[number]>(
    `UPDATE command SET state = 'begun', arguments = NULL WHERE number = ? AND state = 'waiting'`,
  );
  const begun = db.prepare<[], KnownCommand>(
    `SELECT ${columns} FROM command WHERE state = 'begun' ORDER BY number`,
  );
  const answer = db.prepare<[string | null, number]>(
    `UPDATE command SET state = 'answered', arguments = NULL, reply = ? WHERE number = ?`,
  );
  const accept = acceptorOf(database, parts.seal);
  const { next, takeDropped } = nextOf(database, parts.seal);
  return {
    accept: (command, limits) => database.transaction(() => accept(command, limits)),
    knows: (commandId) => explained(database, () => issuersOf.all(commandId)).some(parts.isTrusted),
    nextWaiting: next,
    takeDropped,
    waitingCount: () => explained(database, () => waiting().commands),
    begin: (number) => database.transaction(() => begin.run(number).changes === 1),
    begun: () => explained(database, () => begun.all()),
    answered: (number, reply) => void answer.run(reply, number),
    forget: forgetterOf(database),
  };
}

/** Taking what waits; a row that was not sealed is never executed. */
function nextOf(
  database: OpenDatabase,
  seal: CommandMemoryParts['seal'],
): { readonly next: CommandMemory['nextWaiting']; readonly takeDropped: CommandMemory['takeDropped'] } {
  const { db } = database;
  const oldest = db.prepare<
    [],
    KnownCommand & Pick<AcceptedCommand, 'claimsHash'> & { readonly seal: Uint8Array | null }
  >(
    `SELECT ${columns}, claims_hash AS claimsHash, seal FROM command WHERE state = 'waiting' ORDER BY number LIMIT 1`,
  );
  const drop = db.prepare<[number]>('DELETE FROM command WHERE number = ?');
  let dropped = 0;
  return {
    next() {
      for (;;) {
        const found = explained(database, () => oldest.get());
        if (found === undefined) return undefined;
        const { claimsHash: _, seal: __, ...command } = found;
        if (seal.isGenuine(found)) return command;
        database.transaction(() => void drop.run(found.number));
        dropped += 1;
      }
    },
    takeDropped() {
      const count = dropped;
      dropped = 0;
      return count;
    },
  };
}

function waitingOf({ db }: OpenDatabase): () => Waiting {
  // octet_length() stands in the row's header; length() would read all of what waits, 40 ms for 64 MiB of photographs.
  const waiting = db.prepare<[], Waiting>(
    `SELECT count(*) AS commands, coalesce(sum(octet_length(arguments)), 0) AS bytes FROM command
     WHERE state = 'waiting'`,
  );
  return () => waiting.get() ?? { commands: 0, bytes: 0 };
}

/** To be called in a transaction. */
function acceptorOf(database: OpenDatabase, seal: CommandMemoryParts['seal']): CommandMemory['accept'] {
  const { db } = database;
  const find = db.prepare<[string, string], Found>(
    'SELECT claims_hash AS claimsHash, state, reply FROM command WHERE issuer_id = ? AND command_id = ?',
  );
  const mark = db
    .prepare<[string], number>('SELECT forgotten_until_ms FROM command_mark WHERE issuer_id = ?')
    .pluck();
  const from = db.prepare<[], number>("SELECT value FROM counter WHERE name = 'commands-from'").pluck();
  const insert = db.prepare<[Omit<AcceptedCommand, 'issuedAtMs'> & { readonly seal: Uint8Array }]>(`
    INSERT INTO command (issuer_id, command_id, key_id, name, claims_hash, state, arguments, expires_at_ms, seal)
    VALUES (@issuerId, @commandId, @keyId, @name, @claimsHash, 'waiting', @arguments, @expiresAtMs, @seal)`);
  const waiting = waitingOf(database);
  return (command, limits) => {
    const { issuedAtMs, ...kept } = command;
    const { issuerId, commandId, claimsHash } = kept;
    const known = find.get(issuerId, commandId);
    if (known !== undefined) {
      if (Buffer.compare(known.claimsHash, claimsHash) !== 0) return { outcome: 'id-taken' };
      if (known.state !== 'answered') return { outcome: 'under-way' };
      return { outcome: 'answered', reply: known.reply ?? undefined };
    }
    if (command.expiresAtMs <= (mark.get(issuerId) ?? 0)) return { outcome: 'too-old' };
    if (issuedAtMs < (from.get() ?? 0)) return { outcome: 'memory-lost' };
    const { commands, bytes } = waiting();
    // One alone always fits: its size was limited before.
    const isTooMuch = commands > 0 && bytes + command.arguments.length > limits.bytes;
    if (commands >= limits.commands || isTooMuch) return { outcome: 'full' };
    insert.run({ ...kept, seal: seal.sealCommand(kept) });
    return { outcome: 'accepted' };
  };
}

/** Forgotten in one transaction, some milliseconds: what is left goes with the commands that follow. */
const mostForgottenAtOnce = 200;

/** Deletes in one transaction with the marks that say until when. */
function forgetterOf(database: OpenDatabase): (beforeMs: number) => void {
  const { db } = database;
  // The `+` keeps the index by state out: it would read everything answered in a week at every command.
  const due = `SELECT number FROM command WHERE +state = 'answered' AND expires_at_ms < ?
               ORDER BY expires_at_ms, number LIMIT ${mostForgottenAtOnce}`;
  const isAnyDue = db.prepare<[number], number>(`SELECT EXISTS (${due})`).pluck();
  const remember = db.prepare<[number]>(`
    INSERT INTO command_mark (issuer_id, forgotten_until_ms)
    SELECT issuer_id, max(expires_at_ms) FROM command WHERE number IN (${due}) GROUP BY issuer_id
    ON CONFLICT (issuer_id) DO UPDATE SET
      forgotten_until_ms = max(forgotten_until_ms, excluded.forgotten_until_ms)`);
  const remove = db.prepare<[number]>(`DELETE FROM command WHERE number IN (${due})`);
  return (beforeMs) => {
    if (explained(database, () => isAnyDue.get(beforeMs)) !== 1) return;
    database.transaction(() => {
      remember.run(beforeMs);
      remove.run(beforeMs);
    });
  };
}
