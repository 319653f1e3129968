import { setTimeout } from 'node:timers/promises';
import { messageOf } from '../../daemon/kernel/errors.js';
import { patienceMs } from '../../test/support/until.js';
import type { BrokerPlace } from './broker-place.js';
import type { Cell } from './cell.js';
import { clusterCell, tryCluster } from './cluster-cell.js';
import { commandCells } from './command-cells.js';
import { connectionCells } from './connection-cells.js';
import { deliveryCells, strictLimit } from './delivery-cells.js';
import type { BrokerKind, BrokerSetup } from './field-broker.js';
import { sharingCells } from './sharing-cells.js';
import type { Certificates } from './site.js';

const cells: readonly Cell[] = [...connectionCells, ...deliveryCells, ...commandCells, ...sharingCells];

/** The rows of the table. */
export const cellNames: readonly string[] = [...cells.map(({ name }) => name), clusterCell];

export interface Result {
  readonly cell: string;
  /** `works`, the known limit with its reason, or what failed. */
  readonly text: string;
  readonly isGood: boolean;
}

export interface Trial {
  readonly kind: BrokerKind;
  readonly place: BrokerPlace;
  readonly certificates: Certificates;
  /** Whether to try a cell; absent: all. */
  readonly isWanted?: (cell: string) => boolean;
  readonly onResult: (result: Result) => void;
}

/** Tries cells on one kind of broker, which starts once for each setup. */
export async function tryCells(trial: Trial): Promise<void> {
  const { kind, place, certificates, isWanted = () => true, onResult } = trial;
  const setup = { authority: certificates.authority, certificate: certificates.broker };
  const wanted = cells.filter(({ name }) => isWanted(name));
  await tryOn(
    trial,
    setup,
    wanted.filter(({ on }) => on === 'example'),
  );
  await tryOn(
    trial,
    { ...setup, strictTo: strictLimit },
    wanted.filter(({ on }) => on === 'strict'),
  );
  if (kind.startCluster === undefined || !isWanted(clusterCell)) return;
  try {
    await using cluster = await kind.startCluster(place, setup);
    const run = () => tryCluster(cluster, certificates);
    const log = () => cluster.nodes.map((node) => node.log()).join('\n');
    onResult(await outcomeOf(clusterCell, kind, run, log));
  } catch (error) {
    onResult(failed(clusterCell, error));
  }
}

/** A broker that does not start or does not end fails the cells that it leaves without a result, and not those of the next one. */
async function tryOn(
  { kind, place, certificates, onResult }: Trial,
  setup: BrokerSetup,
  wanted: readonly Cell[],
): Promise<void> {
  if (wanted.length === 0) return;
  const left = wanted.map(({ name }) => name);
  try {
    await using broker = await kind.start(place, setup);
    for (const { name, run } of wanted) {
      onResult(
        await outcomeOf(
          name,
          kind,
          () => run({ broker, certificates }),
          () => broker.log(),
        ),
      );
      left.shift();
    }
  } catch (error) {
    for (const name of left) onResult(failed(name, error));
  }
}

async function outcomeOf(
  cell: string,
  { limits }: BrokerKind,
  run: () => Promise<string | undefined>,
  log: () => string,
): Promise<Result> {
  const isOver = new AbortController();
  try {
    const found = await Promise.race([run(), lateness(isOver.signal)]);
    if (found === undefined) return { cell, text: 'works', isGood: true };
    const reason = limits[found];
    return reason === undefined
      ? { cell, text: `unexplained: ${found}`, isGood: false }
      : { cell, text: `${found}: ${reason}`, isGood: true };
  } catch (error) {
    return failed(cell, error, log());
  } finally {
    isOver.abort();
  }
}

/** A cell waits for several facts and starts of a broker, each with a patience of its own, and for connections, which have none. */
const patienceOfCellMs = 6 * patienceMs;

async function lateness(signal: AbortSignal): Promise<never> {
  await setTimeout(patienceOfCellMs, undefined, { signal });
  throw new Error('it did not end in time');
}

const failed = (cell: string, error: unknown, log = ''): Result => ({
  cell,
  text: `fails: ${messageOf(error)}\n${log.slice(-20_000)}`,
  isGood: false,
});
