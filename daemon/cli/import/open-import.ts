import type { GivenEnrolment, StagedRow } from '../../contract/enrolment.js';
import type { ControlClient } from '../../core/api/client.js';
import { defect } from '../../kernel/errors.js';

/** A running import. Its disposal, or the end of this process, abandons it unless it was committed. */
export interface OpenImport extends Disposable {
  stage(row: GivenEnrolment): Promise<StagedRow>;
  /** Resolves with the ids of the enrolled persons, in order of staging. */
  commit(): Promise<readonly string[]>;
  /** Forgets the staged rows. Resolves with false if the import is over. */
  abandon(): Promise<boolean>;
}

/** Begins an import. It lives as long as the connection of this call. */
export async function openImport(client: Pick<ControlClient, 'call'>): Promise<OpenImport> {
  const hangUp = new AbortController();
  const lines = await client.call('imports.begin', {}, hangUp.signal);
  const first = await lines[Symbol.asyncIterator]().next();
  if (first.done === true) throw defect('import-without-id', 'the answer to imports.begin has no import id');
  const { importId } = first.value;
  return {
    stage: (row) => client.call('imports.stage', { importId, ...row }),
    commit: async () => (await client.call('imports.commit', { importId })).personIds,
    abandon: async () => (await client.call('imports.abandon', { importId })).isAbandoned,
    [Symbol.dispose]: () => hangUp.abort(),
  };
}
