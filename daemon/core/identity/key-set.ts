import type { KeySet, PublishedKey } from '../../contract/events/key-set-schema.js';
import type { Clock } from '../../kernel/clock.js';
import type { BoxIds } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import type { ConnectionTask } from '../delivery/connection-task.js';
import { RetainedDocuments, type RetainedDocumentsOptions } from '../delivery/retained-documents.js';
import type { Signer } from '../delivery/signer.js';
import type { FormerKey, IdentityState, KnownKey } from './identity-state.js';
import { keyIdOf } from './public-key.js';

/** A key set without its signature. */
export type UnsignedKeySet = Omit<KeySet, 'signature'>;

/** The published keys of the box: the key in force first, then former keys until they are forgotten. */
export async function keySetOf(
  state: IdentityState,
  about: { readonly from: BoxIds; readonly nowMs: number },
): Promise<UnsignedKeySet> {
  const { from, nowMs } = about;
  const { former } = state;
  const keys = await Promise.all([state.current, ...former].map(publishedKeys));
  return {
    version: 1,
    site: from.siteId,
    box: from.boxId,
    sequence: state.sequence,
    time: isoTime(nowMs),
    keys: keys.flat(),
    endorsements: former.flatMap(({ endorsement }) => (endorsement === undefined ? [] : [endorsement])),
  };
}

/** The keys of the box, as far as a key set needs them. */
export interface KeySetSource extends Signer {
  readonly state: IdentityState;
}

export interface KeySetTerms {
  readonly keys: KeySetSource;
  readonly from: BoxIds;
  readonly clock: Pick<Clock, 'wallMs'>;
}

/** The signed key set, for publishing and for people who carry it to a centre by hand. */
export async function signedKeySet({ keys, from, clock }: KeySetTerms): Promise<string> {
  return keys.sign(JSON.stringify(await keySetOf(keys.state, { from, nowMs: clock.wallMs() })));
}

async function publishedKeys(key: KnownKey | FormerKey): Promise<readonly PublishedKey[]> {
  const endOf = (timeMs: number | undefined) =>
    present({ notAfter: timeMs === undefined ? undefined : isoTime(timeMs) });
  const [untilMs, endedMs] = 'untilMs' in key ? [key.untilMs, key.endedMs ?? key.untilMs] : [];
  const verifying = { kty: 'OKP', crv: 'Ed25519', x: key.verifying } as const;
  const sealing = { kty: 'OKP', crv: 'X25519', x: key.sealing } as const;
  return [
    { ...verifying, kid: key.keyId, use: 'sig', alg: 'EdDSA', ...endOf(endedMs) },
    { ...sealing, kid: await keyIdOf(sealing), use: 'enc', ...endOf(untilMs) },
  ];
}

export type KeySetTaskOptions = Pick<RetainedDocumentsOptions, 'memory' | 'clock' | 'logger'> &
  KeySetTerms & {
    readonly topic: string;
    readonly keys: KeySetSource & {
      /** Calls back whenever the key set has changed; returns a function that stops it. */
      readonly onChanged: (listener: () => void) => () => void;
    };
  };

/** Keeps the key set retained at the broker: published when it changes, and on each connection before all signed messages. */
export function keySetTask(options: KeySetTaskOptions): ConnectionTask {
  const { topic, keys, memory, clock, logger } = options;
  return new RetainedDocuments({
    owner: 'keys',
    what: 'the keys of this box',
    wanted: () => [
      {
        topic,
        content: String(keys.state.sequence),
        messages: async () => [await signedKeySet(options)],
      },
    ],
    onChanged: (listener) => keys.onChanged(listener),
    isLeading: true,
    ...{ memory, clock, logger },
  });
}
