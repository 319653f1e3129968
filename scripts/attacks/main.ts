import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { loadConfig } from '../../daemon/contract/settings/load.js';
import type { Config } from '../../daemon/contract/settings/schema.js';
import { ControlClient } from '../../daemon/core/api/client.js';
import { liveFolder } from '../../daemon/core/gate/gate-handover.js';
import { attachesPrograms } from '../../daemon/host/control-groups.js';
import { keepInheritedFiles } from '../../daemon/host/hidden-memory.js';
import { programRoot } from '../../daemon/host/program-files.js';
import { type Isolation, isolationGaps } from '../../daemon/kernel/isolation.js';
import { openVisionLauncher } from '../../daemon/vision/open-vision-launcher.js';
import { plainLauncher } from '../../daemon/vision/plain-launcher.js';
import type { VisionLauncher } from '../../daemon/vision/vision-launcher.js';
import { readOptions } from '../options.js';
import {
  type Attacker,
  encoded,
  type Feature,
  missingFeatures,
  placesOf,
  processesOf,
  type Targets,
} from './targets.js';
import { type Traces, tracesOf } from './traces.js';
import { attackInUnit, unitOf } from './unit-attack.js';

/** Bytes of `sun_path`, see unix(7). */
const longestSocketName = 108;

const mebibyte = 2 ** 20;

interface Attempt {
  readonly what: string;
  readonly isRefused: boolean;
  /** The gap of the isolation that explains a success. */
  readonly gap: string;
  /** The feature of the kernel without which nothing can prevent it. */
  readonly needs: string | null;
}

/** A wall, and how to run the payload behind it. */
interface Wall {
  readonly isolation: Pick<Isolation, 'level' | 'why'> & { readonly gaps: readonly string[] };
  run(targets: Targets): Promise<string>;
}

/** Where no program refuses connections of the gate, `IPAddressAllow=` lets it reach whoever may reach it. */
const gateInUnit: Wall['isolation'] = {
  level: 'full',
  gaps: existsSync('/run/rollcall-bpf/connect4') && attachesPrograms() ? [] : ['network'],
};

// As the daemon does: what the shell of the caller has open is none of the box.
await keepInheritedFiles();
const { values } = readOptions('scripts/attack', {
  options: {
    config: { type: 'string' },
    photos: { type: 'boolean', default: false },
    gate: { type: 'boolean', default: false },
    'without-isolation': { type: 'boolean', default: false },
  },
});
if (values.config === undefined) {
  process.stderr.write('usage: scripts/attack --config FILE [--photos | --gate] [--without-isolation]\n');
  process.exit(2);
}
const loaded = await loadConfig(values.config);
if (!loaded.ok) {
  process.stderr.write(
    `error: ${values.config} is not valid\n  what to do: Run 'rollcall check-config' to see the problems.\n`,
  );
  process.exit(2);
}
const attacker = values.gate ? 'gate' : values.photos ? 'photographs' : 'cameras';
const wall = await wallOf(loaded.config, attacker, values['without-isolation']);
process.exitCode = await attack(loaded.config, values.config, wall, attacker);

/** The unit of systemd where there is one, otherwise what the daemon itself would use. */
async function wallOf(config: Config, attacker: Attacker, isWithout: boolean): Promise<Wall> {
  const unit = isWithout ? undefined : await unitOf(attacker);
  if (unit !== undefined) {
    return {
      isolation: attacker === 'gate' ? gateInUnit : withSockets(await reportedIsolation(config)),
      run: (targets) => attackInUnit(unit, targets),
    };
  }
  // A gate that is started by hand has no wall.
  const hasNone = isWithout || attacker === 'gate';
  const launcher = hasNone ? plainLauncher(undefined) : await openVisionLauncher('preferred');
  return {
    isolation: withSockets(launcher.isolation),
    run: (targets) => attackAsChild(launcher, targets, attacker),
  };
}

/** Abstract sockets belong to the network namespace: a process without one of its own reaches those of the machine. */
function withSockets(isolation: Isolation): Wall['isolation'] {
  const { gaps } = isolation;
  return { ...isolation, gaps: gaps.includes('network') ? [...gaps, 'sockets'] : gaps };
}

async function reportedIsolation({ control }: Config): Promise<Isolation> {
  const { isolation } = await new ControlClient(control.socketPath).call('status.show');
  return isolation ?? { level: 'none', gaps: isolationGaps };
}

/** Starts a program in the place of a vision process, which starts the payload as vision starts a decoder. */
async function attackAsChild(
  launcher: VisionLauncher,
  targets: Targets,
  attacker: Attacker,
): Promise<string> {
  const launched = launcher.launch({
    purpose: attacker === 'photographs' ? 'photographs' : 'cameras',
    program: [join(programRoot(), 'scripts/attacks/decoder-payload.ts'), encoded(targets)],
    readable: [],
    ...(targets.liveFolder === null ? {} : { liveFolder: targets.liveFolder }),
  });
  let said = '';
  for (const stream of launched.log) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
  }
  await Promise.all([launched.ended, ...launched.log.map((stream) => once(stream, 'close'))]);
  return said;
}

/** Runs the payload behind the wall, prints its attempts, and returns the exit code. */
async function attack(config: Config, configPath: string, wall: Wall, attacker: Attacker): Promise<number> {
  const marker = `attack-${randomUUID()}`;
  // They stand for everything else that listens on the machine and its network, such as the broker.
  const services = loopbacks().map((host) => createServer((socket) => socket.destroy()).listen(0, host));
  // The same of what listens without a port or a file, as desktops do.
  const abstract = `\0${marker}`;
  const local = createServer((socket) => socket.destroy()).listen(abstract);
  await Promise.all([...services, local].map((server) => once(server, 'listening')));
  // And memory that programs of the machine share.
  const shared = execFileSync('ipcmk', ['--shmem', '4096', '--mode', '0666'], { encoding: 'utf8' });
  const sharedMemory = Number(/\d+/.exec(shared)?.[0]);
  const places = placesOf(config, configPath, attacker);
  // Only a process for cameras gets a folder for live frames.
  const live = config.gate.enabled && attacker === 'cameras' ? liveFolder(config) : null;
  // Only root attacks as another user.
  const foreignSocket = live !== null && process.getuid?.() === 0 ? join(live, marker) : null;
  if (foreignSocket !== null) writeFileSync(foreignSocket, '');
  const targets: Targets = {
    ...places,
    ...{ marker, sharedMemory, processes: 2_500, memoryBytes: 400 * mebibyte },
    pids: await processesOf(config.control.socketPath),
    addresses: {
      ...Object.fromEntries(services.map(addressOf)),
      // Node.js 20 fills such a name with zeros.
      'an abstract socket of this machine': abstract.padEnd(longestSocketName, '\0'),
    },
    liveFolder: live,
    foreignSocket,
  };
  const said = await wall.run(targets);
  for (const server of [...services, local]) server.close();
  if (foreignSocket !== null) rmSync(foreignSocket, { force: true });
  execFileSync('ipcrm', ['--shmem-id', String(sharedMemory)]);
  const traces = tracesOf(marker, places.folders);
  for (const path of traces.files) rmSync(path);
  for (const pid of traces.processes) process.kill(pid, 'SIGKILL');
  return report(said, wall, traces, await missingFeatures());
}

/** Some machines have no IPv6. */
function loopbacks(): readonly string[] {
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  return ['127.0.0.1', '::1'].filter((each) => own.some(({ address }) => address === each));
}

function addressOf(service: Server): readonly [string, readonly [string, number]] {
  const { address, port, family } = service.address() as AddressInfo;
  const over = family === 'IPv6' ? ' over IPv6' : '';
  return [`another service of this machine${over}`, [address, port]];
}

function report(
  said: string,
  { isolation }: Wall,
  traces: Traces,
  missing: ReadonlyMap<string, Feature>,
): number {
  const attempts = said
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Attempt] : []));
  let failures = attempts.length === 0 ? 1 : 0;
  for (const { what, isRefused, gap, needs } of attempts) {
    const lacking = missing.get(needs ?? '');
    // A write that reached only the sandbox itself, or a journal of its own, changed nothing outside.
    const hasNoTrace =
      what === 'write a large line to the journal of the machine'
        ? !traces.isLogged
        : what.startsWith('write to ') && !traces.files.some((path) => dirname(path) === what.slice(9));
    const hasSurvived = what === 'leave a process behind' && traces.processes.length > 0;
    if ((isRefused || hasNoTrace) && !hasSurvived) print('refused', what);
    else if (isolation.gaps.includes(gap)) print('open', `${what} (${gap})`);
    else if (lacking !== undefined) print('open', `${what} (this kernel lacks ${lacking.what})`);
    else {
      failures += 1;
      print('ALLOWED', what);
    }
  }
  process.stdout.write(`\n${attempts.length} attempts, ${failures} allowed; isolation: ${isolation.level}\n`);
  if (isolation.gaps.length > 0) {
    process.stdout.write(`not prevented on this machine: ${isolation.gaps.join(', ')}\n`);
  }
  if (isolation.why !== undefined) process.stdout.write(`why: ${isolation.why.reason}\n`);
  for (const { what, why } of missing.values()) process.stdout.write(`this kernel lacks ${what}, ${why}\n`);
  if (attempts.length === 0)
    process.stderr.write(`error: the attack did not run\n  what to do: Read this: ${said}\n`);
  return failures === 0 ? 0 : 1;
}

function print(outcome: string, what: string): void {
  process.stdout.write(`${outcome.padEnd(8)} ${what}\n`);
}
