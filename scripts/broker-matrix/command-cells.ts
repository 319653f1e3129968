import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { commandInbox } from '../../daemon/core/commands/command-inbox.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { connectCentre, type Issuer, newIssuer, token, trust } from '../../test/support/command-centre.js';
import { type CommandedBox, openCommandedBox, type Reply } from '../../test/support/commanded-box.js';
import type { EventSubscriber } from '../../test/support/event-subscriber.js';
import type { Cell, Tried } from './cell.js';
import { centreOptions, from, startBox, subscribeAsCentre, topics } from './site.js';

const command = 'resend-events';

/** A box that takes commands, the centre that it trusts, and what the centre hears. */
interface Commanded {
  readonly box: CommandedBox;
  /** The box on the broker; resolves when it reads its commands. */
  connect(): Promise<AsyncDisposable>;
  send(id: string, isRetained?: boolean): Promise<void>;
  answer(id: string): Promise<Reply>;
}

async function withCommands(
  { broker, certificates }: Tried,
  use: (commanded: Commanded) => Promise<string | undefined>,
): Promise<string | undefined> {
  await using box = await openCommandedBox({ from });
  const issuer: Issuer = await newIssuer();
  await trust(box.records.commands.trust, issuer);
  await using centre = await subscribeAsCentre(broker.port, certificates);
  await using sender = await connectCentre(`mqtts://localhost:${broker.port}`, centreOptions(certificates));
  return await use({
    box,
    async connect() {
      let publisher: AsyncDisposable | undefined;
      await new Promise<void>((resolve, reject) => {
        const refusals = {
          taken: () => resolve(),
          refused: () => reject(new Error('the broker does not let the box read its commands')),
        };
        const { receiver, records } = box;
        const inbox = commandInbox({ topics, receiver, refusals, logger: silentLogger });
        publisher = startBox(broker.port, certificates, { records, inbox, connectionTasks: [inbox] });
      });
      if (publisher === undefined) throw new Error('unreachable');
      return publisher;
    },
    async send(id, isRetained = false) {
      const order = { command, id, audience: 'plant-1/box-1', arguments: { from: 1, to: 2 } };
      await sender.send(topics.command(command), await token(issuer, order), isRetained);
    },
    answer: (id) => answered(centre, id),
  });
}

async function answered(centre: EventSubscriber, id: string): Promise<Reply> {
  const replies = (): readonly Reply[] =>
    centre.messages
      .filter(({ topic }) => topic === topics.event('reply', id))
      .map(({ payload }) => (JSON.parse(payload.toString('utf8')) as { data: Reply }).data)
      .filter(({ outcome }) => outcome !== 'progress');
  await centre.until(() => replies().length > 0);
  const [reply] = replies();
  assert.ok(reply);
  return reply;
}

export const commandCells: readonly Cell[] = [
  {
    name: 'commands',
    on: 'example',
    run: (tried) =>
      withCommands(tried, async ({ connect, send, answer, box }) => {
        const stored = randomUUID();
        await send(stored, true);
        {
          await using _publisher = await connect();
          const live = randomUUID();
          await send(live);
          assert.equal((await answer(live)).outcome, 'done');
        }
        const kept = randomUUID();
        await send(kept);
        await using _publisher = await connect();
        assert.equal((await answer(kept)).outcome, 'done');
        // Whether or not the broker delivers what it retains, the box does not execute it.
        assert.equal(box.receiver.counts.executed, 2);
        return undefined;
      }),
  },
];
