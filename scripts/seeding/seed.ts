import { randomBytes } from 'node:crypto';
import { builtInRoles } from '../../daemon/contract/scopes.js';
import { operational } from '../../daemon/kernel/errors.js';
import { personId } from '../../daemon/kernel/ids.js';
import type { LocalBox } from '../local-box.js';
import { cameras, type SeededPerson } from './past.js';
import { people } from './people.js';
import { writePast } from './write-past.js';

const timeZone = 'Europe/Paris';
const identity = { siteId: 'demo-site', boxId: 'demo-box' } as const;

/** The configuration of a demo box. It has no broker, and its cameras do not exist, so they are disabled. */
export const demoSections = (
  gatePort: number,
  /** Further cameras, YAML. */
  moreCameras = '',
): string => `site: { id: ${identity.siteId}, timeZone: ${timeZone} }
box: { id: ${identity.boxId} }
gate: { port: ${gatePort} }
vision: { provider: cpu }
evidence: { attendance: true, unknown: true, attack: true }
clips: { attendance: true, unknown: true, attack: true }
cameras:
  - { id: ${cameras.in}, name: Front door, url: "rtsp://127.0.0.1/front", direction: in, enabled: false }
  - { id: ${cameras.out}, name: Back door, url: "rtsp://127.0.0.1/back", direction: out, enabled: false }
${moreCameras}attendance:
  shifts:
    - { id: day, from: "08:00", to: "17:00", breakS: 3600 }
    - { id: night, from: "22:00", to: "06:00" }
`;

/** A login of a demo box. */
export interface DemoLogin {
  readonly userName: string;
  readonly role: string;
  readonly password: string;
  /** True: the first login asks for another password. */
  readonly mustChange: boolean;
}

export interface Seeded {
  readonly logins: readonly DemoLogin[];
  readonly persons: readonly (SeededPerson & { readonly name: string })[];
  /** Events that were written. */
  readonly events: number;
}

/**
 * Fills a running box that `makeLocalBox` made from `demoSections`, and leaves it running: accounts and persons by the operations
 * of the box; events of two weeks, and passages, strangers and pictures of the last days into its files, which needs a stop. No
 * operation can record what a camera did not see. Without accounts, the first user of the console claims the box.
 * @throws `box-not-fresh`, `box-has-broker`
 */
export async function seedDemo(box: LocalBox, { hasAccounts = true } = {}): Promise<Seeded> {
  await refuseOtherBoxes(box);
  const logins = hasAccounts ? await makeAccounts(box) : [];
  const persons = await enrolPeople(box);
  await box.stop();
  const events = await writePast(box.configPath, persons);
  await box.start();
  return { logins, persons, events };
}

/** What was made up must not mix with real data, and must not reach a centre. */
async function refuseOtherBoxes({ client, directory }: LocalBox): Promise<void> {
  const remedy = 'let scripts/seed-demo make a box of its own, in a directory that does not exist';
  const { broker } = await client.call('status.show');
  if (broker.state !== 'not configured') {
    throw operational('box-has-broker', `the box in ${directory} publishes to a broker`, { remedy });
  }
  const { items } = await client.call('persons.list', { removed: 'included' });
  const users = await client.call('users.list');
  if (items.length > 0 || users.items.length > 0) {
    throw operational('box-not-fresh', `the box in ${directory} has persons or accounts`, { remedy });
  }
}

async function makeAccounts({ client }: LocalBox): Promise<readonly DemoLogin[]> {
  const password = randomBytes(15).toString('base64url');
  const { secret } = await client.call('users.claim');
  const admin = { userName: 'demo-admin', displayName: 'Demo admin' };
  await client.call('auth.claim', { ...admin, secret, password });
  const logins: DemoLogin[] = [{ ...admin, role: 'admin', password, mustChange: false }];
  for (const role of Object.keys(builtInRoles).filter((each) => each !== 'admin')) {
    const userName = `demo-${role}`;
    const { initialPassword = '' } = await client.call('users.create', {
      ...{ userName, role, displayName: `Demo ${role}` },
    });
    logins.push({ userName, role, password: initialPassword, mustChange: true });
  }
  return logins;
}

async function enrolPeople({ client }: LocalBox): Promise<Seeded['persons']> {
  const persons: Seeded['persons'][number][] = [];
  for (const { name, externalId, habit, photograph } of people) {
    const result = await client.call('persons.enrol', {
      ...{ name, externalId, notes: 'Made up for a demonstration.', photographs: [await photograph()] },
      // With another recogniser, two of them may be closer than its rule for duplicates allows.
      isDuplicateAllowed: true,
    });
    if (result.outcome !== 'enrolled') {
      throw operational('demo-person-refused', `the photograph of ${name} was refused: ${result.outcome}`, {
        remedy: 'run scripts/setup, which builds the models of this version',
      });
    }
    persons.push({ name, habit, id: personId(result.person.id) });
  }
  return persons;
}
