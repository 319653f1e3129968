/** The state of a set of rows after its newest change, as the audit log states it. */
export interface StatedSet {
  readonly revision: number;
  readonly digest: string;
  /** Digest of the set before that change. */
  readonly before: string;
}

const stateForm = /^(\d{1,15}):([0-9a-f]{32}):([0-9a-f]{32})$/;

/** The detail of an audit entry that holds the state of a set. */
export function stateDetail({ revision, digest, before }: StatedSet): { readonly state: string } {
  return { state: `${revision}:${digest}:${before}` };
}

/** The inverse of `stateDetail`; undefined for an entry without a state. */
export function readState(details: Readonly<Record<string, unknown>>): StatedSet | undefined {
  const [, revision, digest, before] = stateForm.exec(String(details['state'] ?? '')) ?? [];
  if (digest === undefined || before === undefined) return undefined;
  return { revision: Number(revision), digest, before };
}
