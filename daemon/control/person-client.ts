import { encodeEnrolment } from './enrolment-body.js';
import type {
  EnrolmentRequest,
  EnrolmentResult,
  ErasureCertificate,
  ExportScope,
  PersonDetail,
  PersonRecord,
  PersonSummary,
  ProfileChange,
  RestoreResult,
  StagedRow,
  UpdateResult,
} from './person-control.js';
import { decodePersonRecord } from './person-record-body.js';

/** What the client of persons needs of the client of the local API. All of it throws `RollcallError`. */
export interface PersonWire {
  json<T>(method: string, path: string, body?: Buffer): Promise<T>;
  bytes(method: string, path: string, body?: Buffer): Promise<Buffer>;
  /** Sends a request whose answer goes on; resolves with its first line. `close` hangs up. */
  hold(method: string, path: string): Promise<{ readonly line: string; close(): void }>;
}

/** An import under way. Disposing of it, or the end of this process, abandons what was not committed. */
export interface OpenImport extends Disposable {
  stage(row: EnrolmentRequest): Promise<StagedRow>;
  commit(): Promise<{ readonly personIds: readonly string[] }>;
  /** Forgets what was staged, and resolves when it is forgotten; false where the import is over. */
  abandon(): Promise<boolean>;
}

/** The part of the local API that is about persons. */
export class PersonClient {
  readonly #wire: PersonWire;

  constructor(wire: PersonWire) {
    this.#wire = wire;
  }

  add(request: EnrolmentRequest): Promise<EnrolmentResult> {
    return this.#wire.json('POST', '/v1/persons', encodeEnrolment(request));
  }

  list(options: { readonly isRemovedIncluded: boolean }): Promise<readonly PersonSummary[]> {
    return this.#wire.json('GET', `/v1/persons${options.isRemovedIncluded ? '?removed=included' : ''}`);
  }

  show(id: string): Promise<PersonDetail> {
    return this.#wire.json('GET', pathOf(id));
  }

  update(id: string, change: ProfileChange): Promise<UpdateResult> {
    return this.#wire.json('PATCH', pathOf(id), Buffer.from(JSON.stringify(change)));
  }

  remove(id: string): Promise<{ readonly removed: string }> {
    return this.#wire.json('POST', `${pathOf(id)}/remove`);
  }

  restore(id: string): Promise<RestoreResult> {
    return this.#wire.json('POST', `${pathOf(id)}/restore`);
  }

  erase(id: string): Promise<ErasureCertificate> {
    return this.#wire.json('POST', `${pathOf(id)}/erase`);
  }

  withdrawConsent(id: string): Promise<ErasureCertificate> {
    return this.#wire.json('POST', `${pathOf(id)}/withdraw`);
  }

  async export(id: string, scope: ExportScope): Promise<PersonRecord> {
    return decodePersonRecord(await this.#wire.bytes('POST', `${pathOf(id)}/export?scope=${scope}`));
  }

  readPhotograph(id: string, photographId: string): Promise<Buffer> {
    return this.#wire.bytes('GET', `${pathOf(id)}/photographs/${encodeURIComponent(photographId)}`);
  }

  async openImport(): Promise<OpenImport> {
    const { line, close } = await this.#wire.hold('POST', '/v1/imports');
    const { importId } = JSON.parse(line) as { readonly importId: string };
    const path = `/v1/imports/${encodeURIComponent(importId)}`;
    return {
      stage: (row) => this.#wire.json('POST', `${path}/rows`, encodeEnrolment(row)),
      commit: () => this.#wire.json('POST', `${path}/commit`),
      abandon: () => this.#wire.json('DELETE', path),
      [Symbol.dispose]: close,
    };
  }
}

function pathOf(id: string): string {
  return `/v1/persons/${encodeURIComponent(id)}`;
}
