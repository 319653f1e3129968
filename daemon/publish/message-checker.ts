import { eventSchema } from './contract/event-schema.js';
import type { VerifyingKey } from './identity/public-key.js';
import { verifySignedText } from './identity/signed-text.js';
import { SequenceLedger, type SequenceSummary } from './sequence-ledger.js';

/** A key that messages are verified with, and until when what it signed is to be believed. */
export interface CheckingKey {
  readonly key: VerifyingKey;
  /** Seconds since the Unix epoch, compared with `iat`, which a thief of the key backdates; absent: it is in force. */
  readonly notAfterS?: number;
}

export type MessageOutcome =
  | 'valid'
  /** Valid, and came before. */
  | 'repeated'
  | 'unsigned'
  | 'unknown-key'
  | 'bad-signature'
  | 'key-expired'
  | 'malformed'
  /** Valid, and says something else than one before under the same id or sequence. */
  | 'contradiction';

/** What one message turned out to be. What it says of itself is shown only where it was signed. */
export interface CheckedMessage {
  readonly outcome: MessageOutcome;
  readonly keyId?: string;
  /** `/<site>/<box>`. */
  readonly source?: string;
  readonly id?: string;
  readonly type?: string;
  readonly sequence?: number;
  readonly isHistorical?: true;
  readonly reason?: string;
}

const good: ReadonlySet<MessageOutcome> = new Set(['valid', 'repeated']);

export function isGood({ outcome }: CheckedMessage): boolean {
  return good.has(outcome);
}

/**
 * What an event says each time it is sent. Names and pictures leave the box only where it may tell them, only while the
 * gallery is open and only as long as they are kept; a sealed box is another one each time.
 */
function lastingText(data: Readonly<Record<string, unknown>>): string {
  const { personName: _name, picture: _picture, ...lasting } = data;
  return JSON.stringify(lasting);
}

/** Checks messages as they came from a broker, one after the other: who signed them, and that none is missing. */
export class MessageChecker {
  readonly #keys: ReadonlyMap<string, CheckingKey>;
  readonly #ledgers = new Map<string, SequenceLedger>();

  /** `keys` by their thumbprints. */
  constructor(keys: ReadonlyMap<string, CheckingKey>) {
    this.#keys = keys;
  }

  async check(text: string): Promise<CheckedMessage> {
    const verdict = await verifySignedText(text, (keyId) => this.#keys.get(keyId)?.key);
    if (verdict.outcome !== 'valid') return verdict;
    const { keyId, iat, value } = verdict;
    const notAfterS = this.#keys.get(keyId)?.notAfterS;
    if (notAfterS !== undefined && iat > notAfterS) return { outcome: 'key-expired', keyId };
    if (value['specversion'] === undefined) return this.#document(keyId, value);
    const parsed = eventSchema.safeParse({ ...value, signature: 'a..b' });
    if (!parsed.success)
      return { outcome: 'malformed', keyId, reason: 'it is signed, and no event as documented' };
    const event = parsed.data;
    const sequence = Number(event.sequence);
    const { source, id, type } = event;
    const said = { keyId, source, id, type, sequence };
    const ledger = this.#ledger(source);
    const answer = ledger.take(sequence, id, lastingText(event.data));
    if (event.type === 'rollcall.events.dropped.v1' && answer === 'valid') {
      const { firstSequence: first, lastSequence: last, counts } = event.data;
      ledger.giveUp({ first, last, count: Object.values(counts).reduce((sum, count) => sum + count, 0) });
    }
    const historical = event.historical === true ? { isHistorical: true as const } : {};
    return { outcome: answer, ...said, ...historical };
  }

  /** Of every box whose events came, by `/<site>/<box>`. */
  summary(): ReadonlyMap<string, SequenceSummary> {
    return new Map([...this.#ledgers].map(([source, ledger]) => [source, ledger.summary()]));
  }

  /** States, keys and the like: their order is their own, but a state tells how far the events go. */
  #document(keyId: string, value: Readonly<Record<string, unknown>>): CheckedMessage {
    const { site, box, lastSequence } = value;
    if (typeof site !== 'string' || typeof box !== 'string') return { outcome: 'valid', keyId };
    const source = `/${site}/${box}`;
    if (typeof lastSequence === 'number') this.#ledger(source).announce(lastSequence);
    return { outcome: 'valid', keyId, source };
  }

  #ledger(source: string): SequenceLedger {
    const ledger = this.#ledgers.get(source) ?? new SequenceLedger();
    this.#ledgers.set(source, ledger);
    return ledger;
  }
}
