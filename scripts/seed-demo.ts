import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { badInput, isRollcallError, messageOf } from '../daemon/kernel/errors.js';
import { makeLocalBox } from './local-box.js';
import { startLocalGate } from './local-gate.js';
import { readOptions } from './options.js';
import { demoAlerts, demoFields, enrichDemo } from './seeding/enrich.js';
import { demoSections, seedDemo } from './seeding/seed.js';

const usage = `scripts/seed-demo: a box that is full of made-up data, for trying the API and for screenshots

usage: scripts/seed-demo [--directory DIR] [--port PORT] [--keep]

  --directory DIR  where the box is made; default: var/seed-demo. A box that this script made there before is replaced
  --port PORT      port of the HTTPS API, on 127.0.0.1; default: 8443
  --keep           keep daemon and gate running until Ctrl-C
  --help           this text

The box gets an account of each role, eight persons from the sample photographs of a dependency, two shifts, the events of
two weeks, alerts, a display, and passages and unknown people of the last days with pictures. The passwords are made anew and
shown once. The box has no broker and its events count as sent, so nothing of it reaches a centre. The script fills only a box
that it has made itself.
`;

const root = fileURLToPath(new URL('..', import.meta.url));
const comment = 'Made by scripts/seed-demo: everything in this box is made up.';

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Empties the directory of an earlier run. @throws `directory-in-use` for every other one that exists */
async function takeDirectory(directory: string): Promise<void> {
  if (!existsSync(directory)) return;
  const found = await readFile(join(directory, 'rollcall.yaml'), 'utf8').catch(() => '');
  if (!found.startsWith(`# ${comment}\n`)) {
    throw badInput('directory-in-use', `${directory} exists, and this script did not make it`, {
      remedy: "give another directory with '--directory'",
    });
  }
  await rm(directory, { recursive: true });
}

function untilSignal(): Promise<undefined> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => done(undefined));
  });
}

async function main(directory: string, port: number, isKept: boolean): Promise<void> {
  await takeDirectory(directory);
  say(`== making a box in ${directory}`);
  await using box = await makeLocalBox({
    directory,
    comment,
    sections: `${demoSections(port)}${demoAlerts}${demoFields}`,
  });
  const stopped = untilSignal();
  const fill = async () => {
    await box.start();
    say('== accounts, persons and the events of two weeks');
    const filled = await seedDemo(box);
    await enrichDemo(box, filled);
    return filled;
  };
  const seeded = await Promise.race([fill(), stopped, box.lost]);
  if (seeded === undefined) return;
  const { logins, persons, events } = seeded;
  say(`   ${persons.length} persons, ${events} events`);
  say('== logins; the passwords are not stored anywhere else:');
  for (const { userName, password, mustChange } of logins) {
    say(
      `   ${userName.padEnd(16)} ${password}${mustChange ? '   the first login asks for another one' : ''}`,
    );
  }
  if (!isKept) {
    say('== to run it again:');
    say(`   node dist/program/rollcalld.js --config ${box.configPath}`);
    say(`   node dist/program/rollcall-gate.js --folder ${join(directory, 'run', 'gate')}`);
    return;
  }
  await using gate = await startLocalGate(box, port);
  say(`== the API is at https://localhost:${port}/api/v1, its description at https://localhost:${port}/docs`);
  await Promise.race([stopped, gate.lost, box.lost]);
}

const { values } = readOptions(usage, {
  options: {
    directory: { type: 'string', default: join(root, 'var', 'seed-demo') },
    port: { type: 'string', default: '8443' },
    keep: { type: 'boolean', default: false },
  },
});
try {
  await main(resolve(values.directory), Number(values.port), values.keep);
} catch (error) {
  process.stderr.write(`error: ${messageOf(error)}\n`);
  if (isRollcallError(error) && error.remedy) process.stderr.write(`  what to do: ${error.remedy}\n`);
  process.exitCode = 1;
}
