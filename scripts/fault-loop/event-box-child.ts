// A process that records facts and publishes them with the parts of the daemon, to be killed: its one argument is a task.
import { join } from 'node:path';
import { openRecordStores, type RecordStores } from '../../daemon/core/compose/record-stores.js';
import { brokerAddress } from '../../daemon/core/delivery/broker/broker-address.js';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import { type Publisher, startPublisher } from '../../daemon/core/delivery/publisher.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { IdentityKeys } from '../../daemon/core/identity/identity-keys.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import { sleep } from '../../daemon/kernel/clock.js';
import { trackId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { type Random, seededRandom } from '../../daemon/kernel/random.js';
import { attackFact, attendanceFact, unknownFact } from '../../test/support/facts.js';
import { box, quickTimings } from '../../test/support/published-box.js';
import { until } from '../../test/support/until.js';
import { EventJournal, trackOf } from './event-journal.js';
import { type CentreWord, type EventTask, identityPlaces, journalPath, type OwnPoint } from './event-task.js';

/** Longest pause between two facts, and how often several come together. */
const LONGEST_PAUSE_MS = 20;
const BURST_SHARE = 0.1;
const BURST_LENGTH = 12;

type Reach = (point: OwnPoint) => void;

/** Counts how often a point is reached, and ends this process at the one of the task. */
function deathOf({ death }: EventTask): Reach {
  let count = 0;
  return (point) => {
    if (point !== death?.point) return;
    count += 1;
    if (count === death.occurrence) process.kill(process.pid, 'SIGKILL');
  };
}

function openBoxRecords(directory: string, reach: Reach): RecordStores {
  return openRecordStores({
    path: join(directory, 'records.db'),
    encode(event) {
      reach('record');
      return encodeEvent(event, box, {});
    },
    clock: systemClock,
    random: systemRandom,
  });
}

function publish(task: EventTask, records: RecordStores, keys: IdentityKeys, reach: Reach): Publisher {
  const { url, acknowledgement } = task;
  const outbox = acknowledgement === 'centre' ? records.outbox.forCentre : records.outbox;
  return startPublisher({
    broker: { address: brokerAddress(url), clientId: 'rollcall-site-box' },
    topics: topicsOf('rollcall', box),
    from: box,
    outbox: {
      ...outbox,
      acknowledge(sequences) {
        reach('acknowledged');
        outbox.acknowledge(sequences);
        reach('deleted');
      },
    },
    onRecorded: records.onRecorded,
    takeStateSequences(count) {
      const last = records.takeStateSequences(count);
      reach('connecting');
      return last;
    },
    state: {
      current: () => ({ gallery: 'open', conditions: [] }),
      passages: () => ({ count: 0, byOutcome: {} }),
      onChanged: () => () => undefined,
    },
    signer: () => ({
      sign(json) {
        reach('signing');
        return keys.sign(json);
      },
    }),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    // Short enough that a frozen broker is noticed.
    timings: { ...quickTimings, connectTimeoutMs: 2000, ackTimeoutMs: 500 },
  });
}

/** Records facts, of all kinds in turn, at intervals and in bursts, `count` of them. */
async function recordFacts(
  { firstNumber, count, pauses }: { firstNumber: number; count: number; pauses: Random },
  records: RecordStores,
  journal: EventJournal,
  reach: Reach,
): Promise<void> {
  const make = [attendanceFact, unknownFact, attackFact] as const;
  let burst = 0;
  for (let number = firstNumber; number < firstNumber + count; number += 1) {
    const fact = (make[number % make.length] ?? attendanceFact)({ trackId: trackId(trackOf(number)) });
    journal.intends(number);
    const event = records.record(fact);
    reach('recorded');
    journal.recorded(number, event);
    if (burst === 0 && pauses.unit() < BURST_SHARE) burst = BURST_LENGTH;
    else if (burst > 0) burst -= 1;
    await sleep(systemClock, burst > 0 ? 0 : pauses.unit() * LONGEST_PAUSE_MS);
  }
}

/** As the daemon does at the commands of a centre. */
function obey(word: CentreWord, { outbox }: RecordStores, publisher: Publisher): void {
  if ('confirms' in word) {
    outbox.centre.confirmUpTo(word.confirms, publisher.onTheWay());
    return;
  }
  const range = { first: word.lacksFrom, last: outbox.newestSequence() };
  outbox.putBack(range, { nowMs: systemClock.wallMs(), limit: Number.MAX_SAFE_INTEGER });
  publisher.rewind(range.first);
}

async function main(task: EventTask): Promise<void> {
  const { directory, firstNumber, seed, count } = task;
  const reach = deathOf(task);
  using journal = new EventJournal(journalPath(directory));
  using keys = await IdentityKeys.open({
    places: identityPlaces(directory),
    clock: systemClock,
    overlapMs: 86_400_000,
  });
  await using records = openBoxRecords(directory, reach);
  await using publisher = publish(task, records, keys, reach);
  process.on('message', (word: CentreWord) => obey(word, records, publisher));
  process.send?.('open');
  const pauses = seededRandom(seed);
  await recordFacts(
    { firstNumber, count: count ?? Number.MAX_SAFE_INTEGER, pauses },
    records,
    journal,
    reach,
  );
  await until('the outbox to drain', () => records.outbox.depth() === 0);
  process.disconnect();
}

const [argument] = process.argv.slice(2);
if (argument !== undefined) await main(JSON.parse(argument) as EventTask);
