import {
  type CommandOptions,
  commandHandlers,
  openCommandReceiver,
} from '../../daemon/core/commands/centre-commands.js';
import type { CommandHandlers } from '../../daemon/core/commands/command-handlers.js';
import type { CommandReceiver } from '../../daemon/core/commands/command-receiver.js';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import type { GalleryVault } from '../../daemon/core/gallery/gallery-vault.js';
import { personHandlers } from '../../daemon/core/persons/person-handlers.js';
import type { StoredEvent } from '../../daemon/core/records/stored-event.js';
import { type KeyPair, newKeyPair, openSealed } from '../../daemon/host/sealed-box.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import { type Logger, silentLogger } from '../../daemon/kernel/logger.js';
import { type GalleryPersons, type GalleryPersonsOptions, openGalleryPersons } from './gallery-persons.js';
import { box } from './published-box.js';
import { until } from './until.js';

/** What a reply says. */
export interface Reply {
  readonly id: string;
  readonly command: string;
  readonly outcome: string;
  readonly code?: string;
  readonly message?: string;
  readonly result?: Readonly<Record<string, unknown>>;
}

/** A gallery and records on the disk with the receiver that takes commands for them; cameras and networks are played. */
export interface CommandedBox extends GalleryPersons {
  readonly receiver: CommandReceiver;
  /** What is sealed to the box is sealed to this. */
  readonly boxKey: KeyPair;
  readonly handlers: CommandHandlers;
  /** All replies that were recorded, oldest first. */
  replies(): readonly Reply[];
  /** Of one command, without its progress. */
  answer(commandId: string): Promise<Reply>;
  events(): readonly StoredEvent[];
}

export interface CommandedBoxOptions extends GalleryPersonsOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Instead of those of the box. */
  readonly handlers?: Partial<CommandHandlers>;
  /** Operations that this box has beside those on persons. */
  readonly operations?: (records: RecordStores, vault: GalleryVault) => Partial<CommandOptions['operations']>;
  /** Leaves the commands waiting. */
  readonly isIdle?: boolean;
}

const replyOf = (payload: Uint8Array): Reply =>
  (JSON.parse(Buffer.from(payload).toString('utf8')) as { data: Reply }).data;

const unused = async (): Promise<never> => {
  throw new Error('this box is played');
};

/** What this box has not: cameras, a key to rotate, a broker. */
const stubs = {
  keys: { status: () => ({ state: 'open' as const, slots: [] }) },
  outbox: {
    resendRange: async (from: number, to = from) => ({ count: to - from + 1, missing: { count: 0 } }),
    acknowledgeUpTo: () => 0,
  },
  rotateIdentity: async () => ({ keyId: 'new', formerKeyId: 'former' }),
  runtime: { cameras: [], vision: undefined as never, replan: async () => [] },
};

export async function openCommandedBox(options: CommandedBoxOptions = {}): Promise<CommandedBox> {
  const { clock = systemClock, logger = silentLogger } = options;
  const { from = box } = options;
  const opened = await openGalleryPersons(options);
  const { vault, persons, records } = opened;
  const boxKey = newKeyPair();
  const answers = new Map<string, Reply>();
  records.onRecorded(({ kind }, payload) => {
    const reply = kind === 'reply' ? replyOf(payload) : undefined;
    if (reply !== undefined && reply.outcome !== 'progress')
      answers.set(reply.id, answers.get(reply.id) ?? reply);
  });
  const receiver = openCommandReceiver({ identity: from, records, audit: vault.audit, clock, logger });
  const abort = new AbortController();
  const handlers = {
    ...commandHandlers({
      ...{ records, vault, clock },
      operations: {
        ...{ 'keys.rotate': unused, 'cameras.test': unused, 'events.list': unused },
        ...{ 'alerts.list': unused, 'alerts.acknowledge': unused, 'attendance.report': unused },
        ...{ 'alerts.mute': unused, 'alerts.unmute': unused, 'alerts.mutes': unused },
        ...{ 'passages.list': unused, 'passages.show': unused, 'passages.mark': unused },
        ...{ 'strangers.list': unused, 'strangers.merge': unused, 'strangers.split': unused },
        ...{ 'strangers.ignore': unused, 'strangers.notice': unused, 'strangers.discard': unused },
        ...personHandlers(persons),
        ...options.operations?.(records, vault),
      },
      ...stubs,
      decryption: { open: (sealed) => openSealed(boxKey, sealed) },
      reload: async () => ({ outcome: 'unchanged' }),
      signal: abort.signal,
    }),
    ...options.handlers,
  };
  if (options.isIdle !== true) receiver.start(handlers);
  const events = () => records.list({ limit: 1_000_000 });
  const replies = () =>
    records.list({ limit: 1_000_000, kind: 'reply' }).map(({ payload }) => replyOf(payload));
  return {
    ...opened,
    receiver,
    boxKey,
    handlers,
    events,
    replies,
    async answer(commandId) {
      await until(`an answer to ${commandId}`, () => answers.has(commandId));
      const answer = answers.get(commandId);
      if (answer === undefined) throw new Error('unreachable');
      return answer;
    },
    async [Symbol.asyncDispose]() {
      abort.abort();
      await receiver[Symbol.asyncDispose]();
      await opened[Symbol.asyncDispose]();
    },
  };
}
