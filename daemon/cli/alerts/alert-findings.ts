import type { Config } from '../../config/schema.js';
import type { CredentialPlaces } from '../../host/credentials.js';
import { parseUserPassword } from '../../host/user-password-secret.js';
import { attempt, type Finding } from '../doctor/doctor-finding.js';
import { openAsDaemon } from '../doctor/doctor-secret.js';

/** Whether the secrets of alert channels are there; `rollcall alerts test` tries the channels themselves. */
export async function alertFindings(
  { alerts: { webhooks, emails } }: Config,
  places: CredentialPlaces,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const look = async (channel: string, name: string, isLogin: boolean): Promise<void> => {
    findings.push(
      await attempt(`secret of ${channel}`, async () => {
        const bytes = await openAsDaemon(name, places);
        const isUsable = !isLogin || parseUserPassword(bytes) !== undefined;
        bytes.fill(0);
        if (!isUsable) throw new Error(`the secret "${name}" is not of the form user:password`);
        return `the secret "${name}" is there and closed to others`;
      }),
    );
  };
  for (const { id, secret } of webhooks) await look(`webhook ${id}`, secret, false);
  for (const { id, credential } of emails) {
    if (credential !== undefined) await look(`e-mail ${id}`, credential, true);
  }
  return findings;
}
