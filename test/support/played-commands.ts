import { commandNames } from '../../daemon/contract/events/command-schema.js';
import type { NewAuditEntry } from '../../daemon/core/audit/audit-entry.js';
import type { CommandHandlers } from '../../daemon/core/commands/command-handlers.js';
import type { AcceptedCommand } from '../../daemon/core/commands/command-memory.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import type { BoxEvent } from '../../daemon/kernel/events/event.js';
import type { ReplyNotice } from '../../daemon/kernel/events/notice.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { memoryLog } from './published-box.js';

/** Monday, 08:00 UTC. */
export const commandEpochMs = Date.UTC(2026, 2, 2, 8);

/** A virtual clock that counts its timers. */
export class CountedClock implements Clock {
  readonly #clock = new VirtualClock(commandEpochMs);
  readonly #timers = new Set<object>();

  get timerCount(): number {
    return this.#timers.size;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  after(delayMs: number, callback: () => void) {
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        timer.cancel();
      },
    };
  }

  advanceBy(durationMs: number): void {
    this.#clock.advanceBy(durationMs);
  }
}

/** Runs everything that waits only for a turn of the event loop. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Handlers that fail with the code `unused`, `changes` apart. */
export function playedHandlers(changes: Partial<CommandHandlers> = {}): CommandHandlers {
  const unused = async () => ({ outcome: 'failed', code: 'unused', message: 'nobody plays it' }) as const;
  const all = Object.fromEntries(commandNames.map((name) => [name, unused])) as unknown as CommandHandlers;
  return { ...all, ...changes };
}

/** The n-th command of the issuer `head-office`; `name` with `given` as its arguments. */
export function acceptedCommand(
  number: number,
  name = 'resend-events',
  given: unknown = { from: number },
  changes: Partial<AcceptedCommand> = {},
): AcceptedCommand {
  return {
    issuerId: 'head-office',
    commandId: `command-${number}`,
    keyId: 'key',
    name,
    arguments: JSON.stringify(given),
    claimsHash: new Uint8Array(32),
    issuedAtMs: commandEpochMs,
    expiresAtMs: commandEpochMs + 86_400_000,
    ...changes,
  };
}

/** Keeps the output of a part of the box, in order: replies, other events, entries of the audit log, lines of the log. */
export function keptWords() {
  const events: BoxEvent[] = [];
  const entries: NewAuditEntry[] = [];
  const order: string[] = [];
  const log = memoryLog();
  let failure: { readonly of: 'record' | 'audit'; readonly error: Error } | undefined;
  const failing = (part: 'record' | 'audit'): void => {
    if (failure?.of === part) throw failure.error;
  };
  return {
    ...{ events, entries, order, log },
    /** From now on `part` throws `error`; without arguments no part throws. */
    fail: (part?: 'record' | 'audit', error: Error = new Error('no room')) => {
      failure = part === undefined ? undefined : { of: part, error };
    },
    replies: () => events.filter((event): event is ReplyNotice => event.kind === 'reply'),
    errors: () => log.lines.filter(({ level }) => level === 'error').map(({ message }) => message),
    record(event: BoxEvent, alongside: () => void = () => undefined): void {
      failing('record');
      alongside();
      order.push(event.kind);
      events.push(event);
    },
    audit(entry: NewAuditEntry): void {
      failing('audit');
      order.push('entry');
      entries.push(entry);
    },
  };
}
