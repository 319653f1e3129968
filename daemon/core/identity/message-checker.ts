import { eventSchema } from '../../contract/events/event-schema.js';
import { SequenceLedger, type SequenceSummary } from '../delivery/sequence-ledger.js';
import type { VerifyingKey } from './public-key.js';
import { verifySignedText } from './signed-text.js';

/** A key that verifies messages, and until when its signatures are accepted. */
export interface CheckingKey {
  readonly key: VerifyingKey;
  /** Seconds since the Unix epoch, compared with `iat`, which a thief of the key can backdate. Absent: the key is in force. */
  readonly notAfterS?: number;
}

export type MessageOutcome =
  | 'valid'
  /** Valid; the same event came before. */
  | 'repeated'
  | 'unsigned'
  | 'unknown-key'
  | 'bad-signature'
  | 'key-expired'
  | 'malformed'
  /** Valid, but differs from an earlier event with the same id or sequence. */
  | 'contradiction';

/** The result of checking one message. Its content is shown only where its signature is valid. */
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
 * The data of an event that are the same each time it is sent. Names and pictures differ: they leave the box only where the
 * configuration allows it, while the gallery is open and while they are kept; and a picture is sealed anew each time.
 */
function lastingText(data: Readonly<Record<string, unknown>>): string {
  const { personName: _name, picture: _picture, ...lasting } = data;
  return JSON.stringify(lasting);
}

/** Checks messages in the order in which they came from a broker: who signed them, and whether events are missing. */
export class MessageChecker {
  readonly #keys: ReadonlyMap<string, CheckingKey>;
  readonly #ledgers = new Map<string, SequenceLedger>();

  /** `keys`: by thumbprint. */
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
      return {
        outcome: 'malformed',
        keyId,
        reason: 'it is signed but does not match the schema of an event',
      };
    const event = parsed.data;
    const sequence = Number(event.sequence);
    const { source, id, type } = event;
    const ledger = this.#ledger(source);
    const outcome = ledger.take(sequence, id, lastingText(event.data));
    if (event.type === 'rollcall.events.dropped.v1' && outcome === 'valid') {
      const { firstSequence: first, lastSequence: last, counts } = event.data;
      ledger.giveUp({ first, last, count: Object.values(counts).reduce((sum, count) => sum + count, 0) });
    }
    const historical = event.historical === true ? { isHistorical: true as const } : {};
    return { outcome, ...{ keyId, source, id, type, sequence }, ...historical };
  }

  /** One entry for each box that sent events, by `/<site>/<box>`. */
  summary(): ReadonlyMap<string, SequenceSummary> {
    return new Map([...this.#ledgers].map(([source, ledger]) => [source, ledger.summary()]));
  }

  /** States, keys and the like. They are not numbered with the events, but a state names the newest event. */
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
