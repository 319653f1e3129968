import { messageOf } from '../../daemon/kernel/errors.js';
import type { BrokerPlace } from './broker-place.js';
import type { Cell } from './cell.js';
import { clusterCell, tryCluster } from './cluster-cell.js';
import { commandCells } from './command-cells.js';
import { connectionCells } from './connection-cells.js';
import { deliveryCells, strictLimit } from './delivery-cells.js';
import type { BrokerKind } from './field-broker.js';
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

/** Tries all cells on one kind of broker, which starts once for each setup. */
export async function tryCells(
  kind: BrokerKind,
  place: BrokerPlace,
  certificates: Certificates,
  onResult: (result: Result) => void,
): Promise<void> {
  const setup = { authority: certificates.authority, certificate: certificates.broker };
  for (const on of ['example', 'strict'] as const) {
    const strict = on === 'strict' ? { strictTo: strictLimit } : {};
    await using broker = await kind.start(place, { ...setup, ...strict });
    for (const cell of cells.filter((each) => each.on === on)) {
      const run = () => cell.run({ broker, certificates });
      onResult(await outcomeOf(cell.name, kind, run, () => broker.log()));
    }
  }
  if (kind.startCluster === undefined) return;
  await using cluster = await kind.startCluster(place, setup);
  const run = () => tryCluster(cluster, certificates);
  onResult(await outcomeOf(clusterCell, kind, run, () => cluster.nodes.map((node) => node.log()).join('\n')));
}

async function outcomeOf(
  cell: string,
  { limits }: BrokerKind,
  run: () => Promise<string | undefined>,
  log: () => string,
): Promise<Result> {
  try {
    const found = await run();
    if (found === undefined) return { cell, text: 'works', isGood: true };
    const reason = limits[found];
    return reason === undefined
      ? { cell, text: `unexplained: ${found}`, isGood: false }
      : { cell, text: `${found}: ${reason}`, isGood: true };
  } catch (error) {
    return { cell, text: `fails: ${messageOf(error)}\n${log()}`, isGood: false };
  }
}
