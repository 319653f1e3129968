import { areEqual } from '../../host/sodium.js';
import { daemonAtStart } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { encodeDetails, type NewAuditEntry } from './audit-entry.js';
import type { AuditRows, EntryRow } from './audit-rows.js';
import { auditKeyId, beforeTheFirst, hashEntry, type Mark, type MarkKind, sealMark } from './audit-seal.js';
import type { Witness } from './audit-verdict.js';
import { type AuditKeys, isGenuine, keyChanged } from './chain-check.js';

const keyIdForm = /^[0-9a-f]{16}$/;

/**
 * Appends entries to the chain. Reads the end of the chain each time, because a rolled-back transaction removes its entries.
 */
export class ChainWriter {
  readonly keyId: string;
  readonly keys: AuditKeys;
  readonly #rows: AuditRows;
  readonly #key: Uint8Array;
  readonly #clock: Clock;

  constructor(options: {
    readonly rows: AuditRows;
    readonly key: Uint8Array;
    readonly formerKeys: readonly Uint8Array[];
    readonly clock: Clock;
  }) {
    const { rows, key, formerKeys, clock } = options;
    this.#rows = rows;
    this.#key = key;
    this.#clock = clock;
    this.keyId = auditKeyId(key);
    this.keys = new Map([...formerKeys, key].map((each) => [auditKeyId(each), each]));
  }

  /** The key of the newest entry, if it is not the key in use. */
  foreignKeyId(): string | undefined {
    const { keyId } = this.#end();
    return keyId === this.keyId ? undefined : keyId;
  }

  /** Call it in a transaction. */
  write(entry: NewAuditEntry): Witness {
    let end = this.#end();
    if (end.keyId !== this.keyId) {
      const formerKey = keyIdForm.test(end.keyId) ? end.keyId : 'unreadable';
      end = this.#append({ by: daemonAtStart, action: keyChanged, details: { formerKey } }, end);
    }
    const { sequence, hash } = this.#append(entry, end);
    return { sequence, hash: Buffer.from(hash).toString('hex') };
  }

  /** Seals a mark with the key in use and stores it. */
  putMark(kind: MarkKind, { sequence, hash }: Omit<Mark, 'keyId'>): void {
    const mark: Mark = { sequence, hash, keyId: this.keyId };
    this.#rows.putMark(kind, { ...mark, seal: sealMark(this.#key, kind, mark) });
  }

  #append({ by, action, subject = '', details }: NewAuditEntry, end: Mark): EntryRow {
    const entry = {
      sequence: end.sequence + 1,
      atMs: Math.floor(this.#clock.wallMs()),
      actor: by.actor,
      origin: by.origin,
      action,
      subject,
      details: encodeDetails(details),
      keyId: this.keyId,
      previous: end.hash,
    };
    const row = { ...entry, hash: hashEntry(this.#key, entry) };
    this.#rows.insert(row);
    this.putMark('head', row);
    return row;
  }

  /**
   * The end of the chain. Trusts a genuine head even if earlier entries are missing: the gap stays visible. If the head is not
   * reliable, skips one number on purpose, so that a new head does not hide the damage.
   */
  #end(): Mark {
    const head = this.#rows.mark('head');
    const last = this.#rows.last() ?? this.#rows.mark('anchor');
    if (head === undefined && last === undefined) {
      return { sequence: 0, hash: beforeTheFirst, keyId: this.keyId };
    }
    if (head !== undefined && this.#isReliable(head, last)) return head;
    const { sequence, hash, keyId } = last ?? { sequence: 0, hash: beforeTheFirst, keyId: this.keyId };
    return { sequence: sequence + 1, hash, keyId };
  }

  #isReliable(head: Parameters<typeof isGenuine>[2], last: Mark | undefined): boolean {
    const isProven = isGenuine(this.keys, 'head', head);
    if (isProven !== undefined) return isProven && (last?.sequence ?? 0) <= head.sequence;
    return last?.sequence === head.sequence && last.keyId === head.keyId && areEqual(last.hash, head.hash);
  }
}
