import type { OpenDatabase } from '../../host/sqlite.js';
import type { GrantSeal } from '../records/seals/grant-seal.js';

/** A verified command that is to be executed. */
export interface AcceptedCommand {
  readonly issuerId: string;
  readonly commandId: string;
  readonly keyId: string;
  readonly name: string;
  /** JSON. */
  readonly arguments: string;
  /** SHA-256 of the signed claims. */
  readonly claimsHash: Uint8Array;
  /** Time of issue, milliseconds since the epoch. */
  readonly issuedAtMs: number;
  /** Expiry of its token, milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/** A command that waits or whose execution began. */
export interface KnownCommand extends Omit<AcceptedCommand, 'claimsHash' | 'issuedAtMs'> {
  /** Ascends in the order of arrival. */
  readonly number: number;
}

/** Limits for all waiting commands together. */
export interface WaitingLimits {
  readonly commands: number;
  readonly bytes: number;
}

export type Acceptance =
  | { readonly outcome: 'accepted' }
  /** A repetition of a command that waits or is being executed; its answer will come. */
  | { readonly outcome: 'under-way' }
  /** A repetition of an answered command; `reply` is the JSON of the answer, undefined if it was too long to be kept. */
  | { readonly outcome: 'answered'; readonly reply: string | undefined }
  /** Another command of the same issuer has this id. */
  | { readonly outcome: 'id-taken' }
  /** Commands of this age have been forgotten, and this one may have been executed. */
  | { readonly outcome: 'too-old' }
  /** It was issued before a loss of records, and may have been executed. */
  | { readonly outcome: 'memory-lost' }
  | { readonly outcome: 'full' };

/**
 * The accepted commands and their states. It ensures that no command is executed twice, also after a crash. Each issuer has
 * its own command ids, so one issuer cannot take the ids of another.
 */
export interface CommandMemory {
  /** Stores a command unless it is known. `accepted` means that it is on the disk. */
  accept(command: AcceptedCommand, limits: WaitingLimits): Acceptance;
  /** Whether a trusted issuer issued a command with this id. */
  knows(commandId: string): boolean;
  /** The oldest waiting command. Rows that this program did not seal are deleted; their issuer can send them again. */
  nextWaiting(): KnownCommand | undefined;
  /** The number of rows deleted since the last call. */
  takeDropped(): number;
  waitingCount(): number;
  /** Marks the start of the execution; the command is never executed again. False if it no longer waits. */
  begin(number: number): boolean;
  /** Commands that began and were not answered. After a start, these are the commands that the last run did not finish. */
  begun(): readonly KnownCommand[];
  /** Called in the transaction that records the answer; `reply` is null if it is too long to be kept. */
  answered(number: number, reply: string | null): void;
  /** Deletes some of the answered commands that expired before `beforeMs`, and stores up to which time. */
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

interface CommandMemoryOptions {
  readonly seal: Pick<GrantSeal, 'sealCommand' | 'isGenuine'>;
  readonly isTrusted: (issuerId: string) => boolean;
}

export function commandMemoryOf(database: OpenDatabase, options: CommandMemoryOptions): CommandMemory {
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
  const accept = acceptorOf(database, options.seal);
  const { next, takeDropped } = nextOf(database, options.seal);
  return {
    accept: (command, limits) => database.transaction(() => accept(command, limits)),
    knows: (commandId) => database.read(() => issuersOf.all(commandId)).some(options.isTrusted),
    nextWaiting: next,
    takeDropped,
    waitingCount: () => database.read(() => waiting().commands),
    begin: (number) => database.transaction(() => begin.run(number).changes === 1),
    begun: () => database.read(() => begun.all()),
    answered: (number, reply) => void answer.run(reply, number),
    forget: forgetterOf(database),
  };
}

/** Reads waiting commands. A row without a genuine seal is never executed. */
function nextOf(
  database: OpenDatabase,
  seal: CommandMemoryOptions['seal'],
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
        const found = database.read(() => oldest.get());
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
  // octet_length() is in the header of the row; length() would read all arguments, 40 ms for 64 MiB of photographs.
  const waiting = db.prepare<[], Waiting>(
    `SELECT count(*) AS commands, coalesce(sum(octet_length(arguments)), 0) AS bytes FROM command
     WHERE state = 'waiting'`,
  );
  return () => waiting.get() ?? { commands: 0, bytes: 0 };
}

/** Called in a transaction. */
function acceptorOf(database: OpenDatabase, seal: CommandMemoryOptions['seal']): CommandMemory['accept'] {
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
    // A single command always fits: its size was checked before.
    const isTooMuch = commands > 0 && bytes + command.arguments.length > limits.bytes;
    if (commands >= limits.commands || isTooMuch) return { outcome: 'full' };
    insert.run({ ...kept, seal: seal.sealCommand(kept) });
    return { outcome: 'accepted' };
  };
}

/** Limits a transaction to some milliseconds; later calls delete the rest. */
const mostForgottenAtOnce = 200;

/** Deletes commands and stores the time up to which they were deleted, in one transaction. */
function forgetterOf(database: OpenDatabase): (beforeMs: number) => void {
  const { db } = database;
  // The `+` prevents the use of the index by state, which would read all answered commands of a week each time.
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
    if (database.read(() => isAnyDue.get(beforeMs)) !== 1) return;
    database.transaction(() => {
      remember.run(beforeMs);
      remove.run(beforeMs);
    });
  };
}
