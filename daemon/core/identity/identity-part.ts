import type { Handlers } from '../../contract/handlers.js';
import type { identityOperations, ShownIdentity } from '../../contract/identity.js';
import type { BoxIds } from '../../kernel/ids.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { PartContext } from '../part-context.js';
import type { Records } from '../records/records.js';
import type { WithoutSigning } from './identity-keys.js';
import { identityHandlers, type OpenedIdentity, openIdentity } from './signing-identity.js';

/** Opens the keys that the box signs with. */
export async function openSigning({
  identity,
  records,
  vault,
  withoutSigning,
  current,
  lifetime,
  logger,
}: PartContext & {
  readonly identity: BoxIds;
  readonly records: Records;
  readonly vault: { readonly audit: AuditLog };
  readonly withoutSigning: WithoutSigning;
}): Promise<{ readonly signing: OpenedIdentity }> {
  const { audit } = vault;
  const options = { from: identity, records, audit, lifetime, logger, withoutSigning };
  return { signing: await openIdentity(current, options) };
}

/** Serves the operations on the keys of the box. */
export function serveIdentity({
  signing,
  gate,
}: {
  readonly signing: OpenedIdentity;
  readonly gate: { status(): { readonly certificate?: ShownIdentity['gateCertificate'] } } | undefined;
}): { readonly handlers: Handlers<typeof identityOperations> } {
  return { handlers: identityHandlers(signing.identity, () => gate?.status().certificate) };
}
