import { join } from 'node:path';
import type { OwnSecretPlaces } from '../../daemon/host/own-secret.js';

/**
 * Where a process ends itself: within the transaction that records, when that has returned, when the connection takes its
 * numbers, before something is signed, when the broker has acknowledged, when what it acknowledged was deleted.
 */
export const ownPoints = ['record', 'recorded', 'connecting', 'signing', 'acknowledged', 'deleted'] as const;

export type OwnPoint = (typeof ownPoints)[number];

export type Acknowledgement = 'broker' | 'centre';

/** What a centre tells the process. */
export type CentreWord =
  /** It has stored everything up to that. */
  | { readonly confirms: number }
  /** It lacks something from there on. */
  | { readonly lacksFrom: number };

export interface EventTask {
  /** Of the box: its records, its keys, its journal. */
  readonly directory: string;
  readonly url: string;
  readonly firstNumber: number;
  readonly seed: number;
  /** Facts to record before the outbox is drained and the process ends by itself; null: without end. */
  readonly count: number | null;
  /** Who has to confirm an event. */
  readonly acknowledgement: Acknowledgement;
  readonly death?: { readonly point: OwnPoint; readonly occurrence: number };
}

export const journalPath = (directory: string): string => join(directory, 'journal');

export const identityPlaces = (directory: string): OwnSecretPlaces => ({
  secretsDirectory: join(directory, 'secrets'),
  dataDir: join(directory, 'data'),
});
