import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { handoverFiles } from '../../daemon/contract/gate-settings.js';
import { loadConfig } from '../../daemon/contract/settings/load.js';
import type { Config } from '../../daemon/contract/settings/schema.js';
import { ControlClient } from '../../daemon/core/api/client.js';
import { gateFolder, liveFolder } from '../../daemon/core/gate/gate-handover.js';
import { openPeerCredentials } from '../../daemon/host/peer-credentials.js';
import { programRoot } from '../../daemon/host/program-files.js';
import { openVisionLauncher } from '../../daemon/vision/open-vision-launcher.js';
import { plainLauncher } from '../../daemon/vision/plain-launcher.js';
import type { Launch, VisionLauncher } from '../../daemon/vision/vision-launcher.js';
import { filesBelow, type Traces, tracesOf } from './traces.js';

/** More than any limit on processes that the isolation sets. */
const processes = 2_500;

/** Bytes of `sun_path`, see unix(7). */
const longestSocketName = 108;

interface Attempt {
  readonly what: string;
  readonly isRefused: boolean;
  /** The gap of the isolation that explains a success. */
  readonly gap: string | null;
}

const { values } = parseArgs({
  options: {
    config: { type: 'string' },
    photos: { type: 'boolean', default: false },
    'without-isolation': { type: 'boolean', default: false },
  },
});
if (values.config === undefined) {
  process.stderr.write('usage: scripts/attack --config FILE [--photos] [--without-isolation]\n');
  process.exit(2);
}
const loaded = await loadConfig(values.config);
if (!loaded.ok) {
  process.stderr.write(
    `error: ${values.config} is not valid\n  what to do: Run 'rollcall check-config' to see the problems.\n`,
  );
  process.exit(2);
}
const launcher = values['without-isolation']
  ? plainLauncher(undefined)
  : await openVisionLauncher('preferred');
const purpose = values.photos ? 'photographs' : 'cameras';
process.exitCode = await attack(loaded.config, values.config, launcher, purpose);

/** Runs the payload in the place of a vision process, prints its attempts, and returns the exit code. */
async function attack(
  config: Config,
  configPath: string,
  vision: VisionLauncher,
  purpose: Launch['purpose'],
): Promise<number> {
  // A process for photos gets no folder for live frames.
  const live = config.gate.enabled && purpose === 'cameras' ? liveFolder(config) : undefined;
  const marker = `attack-${randomUUID()}`;
  const { control, dataDir, secretsDir } = config;
  // Stands for everything else that listens on the machine and its network, such as the broker.
  const service = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  // The same of what listens without a port or a file, as desktops do.
  const abstract = `\0${marker}`;
  const local = createServer((socket) => socket.destroy()).listen(abstract);
  await Promise.all([once(service, 'listening'), once(local, 'listening')]);
  const own = [dataDir, secretsDir, dirname(configPath), dirname(control.socketPath), gateFolder(config)];
  const folders = [
    ...new Set([...own, homedir(), programRoot(), '/etc', '/usr', '/var/tmp', '/tmp', '/dev/shm']),
  ];
  const targets = {
    ...{ marker, processes, folders },
    secrets: [...new Set(own.flatMap(filesBelow))],
    pids: await processesOf(control.socketPath),
    sockets: [control.socketPath, join(gateFolder(config), handoverFiles.socket)],
    addresses: {
      'another service of this machine': ['127.0.0.1', (service.address() as AddressInfo).port],
      // Node.js 20 fills such a name with zeros.
      'an abstract socket of this machine': abstract.padEnd(longestSocketName, '\0'),
    },
    liveFolder: live ?? null,
  };
  const launched = vision.launch({
    purpose,
    program: [join(programRoot(), 'scripts/attacks/decoder-payload.ts'), JSON.stringify(targets)],
    readable: [],
    liveFolder: live,
  });
  let said = '';
  for (const stream of launched.log) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
  }
  await Promise.all([launched.ended, ...launched.log.map((stream) => once(stream, 'close'))]);
  service.close();
  local.close();
  const traces = tracesOf(marker, folders);
  for (const path of traces.files) rmSync(path);
  for (const pid of traces.processes) process.kill(pid, 'SIGKILL');
  return report(said, vision, traces);
}

function report(said: string, { isolation }: VisionLauncher, traces: Traces): number {
  const attempts = said
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Attempt] : []));
  let failures = attempts.length === 0 ? 1 : 0;
  for (const { what, isRefused, gap } of attempts) {
    // A write that reached only the sandbox itself changed nothing outside.
    const hasNoTrace =
      what.startsWith('write to ') && !traces.files.some((path) => dirname(path) === what.slice(9));
    const hasSurvived = what === 'leave a process behind' && traces.processes.length > 0;
    if ((isRefused || hasNoTrace) && !hasSurvived) print('refused', what);
    else if (gap !== null && isolation.gaps.some((each) => each === gap)) {
      print('open', `${what} (${gap})`);
    } else {
      failures += 1;
      print('ALLOWED', what);
    }
  }
  process.stdout.write(`\n${attempts.length} attempts, ${failures} allowed; isolation: ${isolation.level}\n`);
  if (isolation.gaps.length > 0) {
    process.stdout.write(`not prevented on this machine: ${isolation.gaps.join(', ')}\n`);
  }
  if (attempts.length === 0)
    process.stderr.write(`error: the attack did not run\n  what to do: Read this: ${said}\n`);
  return failures === 0 ? 0 : 1;
}

function print(outcome: string, what: string): void {
  process.stdout.write(`${outcome.padEnd(8)} ${what}\n`);
}

/** The daemon, its vision processes, and this one, whose memory is not closed. */
async function processesOf(socketPath: string): Promise<readonly number[]> {
  const { vision } = await new ControlClient(socketPath).call('status.show');
  const socket = connect(socketPath);
  await once(socket, 'connect');
  const daemon = (await openPeerCredentials())(socket)?.pid;
  socket.destroy();
  return [daemon, ...vision.map(({ pid }) => pid), process.pid].flatMap((pid) => pid ?? []);
}
