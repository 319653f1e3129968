import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { handoverFiles } from '../../daemon/contract/gate-settings.js';
import type { Config } from '../../daemon/contract/settings/schema.js';
import { ControlClient } from '../../daemon/core/api/client.js';
import { gateFolder } from '../../daemon/core/gate/gate-handover.js';
import { hasController } from '../../daemon/host/control-groups.js';
import { canHideAbstractSockets } from '../../daemon/host/landlock.js';
import { openPeerCredentials } from '../../daemon/host/peer-credentials.js';
import { programRoot } from '../../daemon/host/program-files.js';
import { filesBelow } from './traces.js';

/** Who was taken over: a process for cameras, one for photos and clips, or the gate. */
export type Attacker = 'cameras' | 'photographs' | 'gate';

/** What the payload attacks; payload.py reads it. */
export interface Targets {
  /** In the name of all that the payload leaves behind. */
  readonly marker: string;
  /** Processes and threads; more than any limit. */
  readonly processes: number;
  /** More than the limit on memory, bytes. */
  readonly memoryBytes: number;
  /** Files to read: keys, secrets, credentials, databases, backups, logs, uploads. */
  readonly secrets: readonly string[];
  /** Folders to write to. */
  readonly folders: readonly string[];
  readonly pids: readonly number[];
  /** Number of a segment of shared memory (System V) that everyone may attach. */
  readonly sharedMemory: number;
  /** Devices of disks and their parts. */
  readonly disks: readonly string[];
  readonly sockets: readonly string[];
  /** Paths of all others at which something listens on this machine, and that the attacker does not need. */
  readonly otherSockets: readonly string[];
  /** A path, or host and port. */
  readonly addresses: Readonly<Record<string, string | readonly [string, number]>>;
  /** Other protocols than TCP, by name: type and number of a socket. None where the attacker has a network of its own, which leads nowhere. */
  readonly protocols: Readonly<Record<string, readonly [number, number]>>;
  /** Where vision processes open their sockets; null where this attacker has no such folder. */
  readonly liveFolder: string | null;
  /** In this folder, of another user; null where all have one user. */
  readonly foreignSocket: string | null;
}

/** As an argument that neither a shell nor systemd changes. */
export const encoded = (targets: Targets): string => Buffer.from(JSON.stringify(targets)).toString('base64');

/** What a machine with systemd keeps of the box outside of its folders: credentials in use, stored ones, and the journal. */
const systemFolders = ['/run/credentials', '/etc/credstore.encrypted', '/run/log/journal', '/var/log'];

/** Files and sockets that the gate has to use. */
const filesOfGate: readonly string[] = [handoverFiles.settings, handoverFiles.certificate];

/** By the numbers of the kernel: type (stream, datagram, DCCP) and protocol. */
const otherProtocols = {
  UDP: [2, 17],
  'UDP-Lite': [2, 136],
  SCTP: [1, 132],
  DCCP: [6, 33],
  L2TP: [2, 115],
  MPTCP: [1, 262],
  ping: [2, 1],
} as const;

/** Files, sockets, protocols, and folders of a running box, of which this attacker needs none. */
export function placesOf(config: Config, configPath: string, attacker: Attacker) {
  const { control, dataDir, secretsDir } = config;
  const shared = gateFolder(config);
  const own = [dataDir, secretsDir, dirname(configPath), dirname(control.socketPath), shared];
  const files = [...own, ...systemFolders].flatMap(filesBelow);
  const needed = attacker === 'gate' ? filesOfGate.map((name) => join(shared, name)) : [];
  const sockets = [
    control.socketPath,
    ...(attacker === 'gate' ? [] : [join(shared, handoverFiles.socket)]),
    ...['/run/dbus/system_bus_socket', '/run/systemd/private'].filter((path) => existsSync(path)),
  ];
  // The sockets for live frames, those at which vision asks for lines to cameras, and the one of the core for the gate.
  const neededFolders = [`${shared}/`, '/run/rollcall-vision/lines/'];
  // A unit for vision has a journal of its own here, and its main process feeds its watchdog. systemd takes nothing from others
  // (NotifyAccess=main).
  if (attacker !== 'gate') neededFolders.push('/run/systemd/journal/', '/run/systemd/notify');
  return {
    secrets: [...new Set(files)].filter((path) => !needed.includes(path)),
    disks: disks(),
    protocols: attacker === 'gate' ? otherProtocols : {},
    sockets,
    otherSockets: listeningPaths().filter(
      (path) => !sockets.includes(path) && !neededFolders.some((folder) => path.startsWith(folder)),
    ),
    folders: [...new Set([...own, homedir(), programRoot(), '/etc', '/usr', '/var/tmp', '/tmp', '/dev/shm'])],
  };
}

/** The daemon, its vision processes, and this one, whose memory is not closed. */
export async function processesOf(socketPath: string): Promise<readonly number[]> {
  const { vision } = await new ControlClient(socketPath).call('status.show');
  const socket = connect(socketPath);
  await once(socket, 'connect');
  const daemon = (await openPeerCredentials())(socket)?.pid;
  socket.destroy();
  return [daemon, ...vision.map(({ pid }) => pid), process.pid].flatMap((pid) => pid ?? []);
}

/** By the table of the kernel: number, number, blocks, name. */
const disks = (): readonly string[] =>
  readFileSync('/proc/partitions', 'utf8')
    .split('\n')
    .slice(1)
    .flatMap((row) => row.trim().split(/\s+/).slice(3))
    .map((name) => `/dev/${name}`);

/** Where programs of this network namespace listen, by the table of the kernel (proc_pid_net(5)): paths without a link to them are gone. */
function listeningPaths(): readonly string[] {
  const rows = readFileSync('/proc/net/unix', 'utf8').split('\n');
  const paths = rows
    .flatMap((row) => row.trim().split(/\s+/).slice(7))
    .filter((path) => path.startsWith('/'));
  return [...new Set(paths)].filter((path) => existsSync(path));
}

/** What a wall needs of the kernel; payload.py names it. */
export interface Feature {
  readonly what: string;
  readonly why: string;
}

/** Controllers of control groups, and the limits of units that need them. */
const controllers = { memory: 'MemoryMax=', pids: 'TasksMax=' } as const;

/** What this kernel does not offer to systemd or to the gate, by the names that payload.py has for it. */
export async function missingFeatures(): Promise<ReadonlyMap<string, Feature>> {
  const missing = new Map<string, Feature>();
  for (const [name, setting] of Object.entries(controllers)) {
    const controller = name as keyof typeof controllers;
    if (hasController(controller)) continue;
    const why = `which ${setting} needs: ${whyMissing(controller)}`;
    missing.set(name, { what: `the ${name} controller of control groups`, why });
  }
  if (!(await canHideAbstractSockets()))
    missing.set('scopes', { what: 'scopes of Landlock', why: 'which Linux has since 6.12' });
  return missing;
}

/** cgroups(7) explains the columns: name, hierarchy (0 for v2), number of groups, whether it is enabled. */
function whyMissing(controller: keyof typeof controllers): string {
  const rows = readFileSync('/proc/cgroups', 'utf8').split('\n');
  const [, hierarchy, , enabled] = rows.find((row) => row.startsWith(`${controller}\t`))?.split('\t') ?? [];
  if (hierarchy === undefined) return 'it is not compiled in';
  if (enabled !== '1') return 'it is disabled on the command line of the kernel';
  return hierarchy === '0'
    ? 'no parent group hands it down'
    : 'a hierarchy of version 1 holds it, which is not mounted here';
}
