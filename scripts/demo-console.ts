import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { badInput } from '../daemon/kernel/errors.js';
import { makeLocalBox } from './local-box.js';
import { startLocalGate } from './local-gate.js';
import { demoAlerts, demoFields, enrichDemo } from './seeding/enrich.js';
import { demoSections, seedDemo } from './seeding/seed.js';
import { demoScenario } from './virtual-camera/cast.js';
import { startVirtualCamera } from './virtual-camera/virtual-camera.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const directory = join(root, 'var/demo-console');

interface ConsoleDemo {
  /** Of the console, on 127.0.0.1. */
  readonly port: number;
  readonly say: (text: string) => void;
  /** Resolves when the demonstration is to end. */
  readonly untilSignal: () => Promise<undefined>;
}

/**
 * A box to try the console with: people, events and passages of two weeks that are made up, a virtual camera that the box
 * watches, and no account. The first user claims the box with the secret that this prints.
 * @throws `process-lost` as soon as one of its processes ends, `gate-not-listening`
 */
export async function demoConsole({ port, say, untilSignal }: ConsoleDemo): Promise<void> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw badInput('port-refused', 'the port is not a whole number from 1 to 65535', {
      remedy: 'give another one with --port',
    });
  }
  const login = { user: 'viewer', password: randomBytes(12).toString('base64url') };
  say('== virtual camera: rendering its clip (kept for the next run)');
  await using camera = await startVirtualCamera({
    scenario: demoScenario(),
    auth: login,
    onProgress: () => undefined,
  });
  say(`== making a box in ${directory}`);
  await rm(directory, { recursive: true, force: true });
  await using box = await makeLocalBox({
    ...{ directory, comment: 'Made by scripts/demo --console: everything in this box is made up.' },
    sections: `${demoSections(
      port,
      `  - { id: entrance, name: Entrance, url: "${camera.url}", credential: cameras, direction: in }\n`,
    )}${demoAlerts}${demoFields}`,
    secrets: { cameras: `${login.user}:${login.password}\n` },
  });
  const lost = [camera.lost, box.lost];
  const stopped = untilSignal();
  const fill = async (): Promise<string> => {
    await box.start();
    say('== people, events and passages of two weeks');
    await enrichDemo(box, await seedDemo(box, { hasAccounts: false }));
    const [secret = ''] = (await box.command('user', 'claim')).split('\n');
    return secret;
  };
  const secret = await Promise.race([fill(), stopped, ...lost]);
  if (secret === undefined) return;
  await using gate = await startLocalGate(box, port);
  say(`== the console: https://localhost:${port}/claim`);
  say('   The browser asks about the certificate, because the box has signed it itself.');
  say(`   claim secret: ${secret}`);
  say('== a camera that you can add in the console, besides the one that the box watches already:');
  say(`   address ${camera.url}, user ${login.user}, password ${login.password}`);
  say('== the box stays up until Ctrl-C');
  await Promise.race([stopped, gate.lost, ...lost]);
}
