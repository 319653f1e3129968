import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { handoverFiles } from '../../daemon/contract/gate-settings.js';
import type { Config } from '../../daemon/contract/settings/schema.js';
import { ControlClient } from '../../daemon/core/api/client.js';
import { gateFolder } from '../../daemon/core/gate/gate-handover.js';
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
  readonly sockets: readonly string[];
  /** A path, or host and port. */
  readonly addresses: Readonly<Record<string, string | readonly [string, number]>>;
  /** Where vision processes open their sockets; null where this attacker has no such folder. */
  readonly liveFolder: string | null;
}

/** As an argument that neither a shell nor systemd changes. */
export const encoded = (targets: Targets): string => Buffer.from(JSON.stringify(targets)).toString('base64');

/** What a machine with systemd keeps of the box outside of its folders: credentials in use, stored ones, and the journal. */
const systemFolders = ['/run/credentials', '/etc/credstore.encrypted', '/run/log/journal', '/var/log'];

/** Files and sockets that the gate has to use. */
const filesOfGate: readonly string[] = [handoverFiles.settings, handoverFiles.certificate];

/** Files, sockets, and folders of a running box, of which this attacker needs none. */
export function placesOf(config: Config, configPath: string, attacker: Attacker) {
  const { control, dataDir, secretsDir } = config;
  const shared = gateFolder(config);
  const own = [dataDir, secretsDir, dirname(configPath), dirname(control.socketPath), shared];
  const files = [...own, ...systemFolders].flatMap(filesBelow);
  const needed = attacker === 'gate' ? filesOfGate.map((name) => join(shared, name)) : [];
  return {
    secrets: [...new Set(files)].filter((path) => !needed.includes(path)),
    sockets: [
      control.socketPath,
      ...(attacker === 'gate' ? [] : [join(shared, handoverFiles.socket)]),
      ...['/run/dbus/system_bus_socket', '/run/systemd/private'].filter((path) => existsSync(path)),
    ],
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

/** Controllers of control groups that hold limits of units. */
const controllers = { memory: 'MemoryMax=', pids: 'TasksMax=' } as const;
export type Controller = keyof typeof controllers;

/** Which controllers this kernel does not offer to systemd, and why. */
export function missingControllers(): ReadonlyMap<Controller, string> {
  const path = '/sys/fs/cgroup/cgroup.controllers';
  const offered = existsSync(path) ? readFileSync(path, 'utf8').trim().split(' ') : [];
  const missing = (Object.keys(controllers) as readonly Controller[]).filter(
    (each) => !offered.includes(each),
  );
  return new Map(
    missing.map((each) => [
      each,
      `the ${each} controller of cgroup v2, which ${controllers[each]} needs: ${whyMissing(each)}`,
    ]),
  );
}

/** cgroups(7) explains the columns: name, hierarchy (0 for v2), number of groups, whether it is enabled. */
function whyMissing(controller: Controller): string {
  const rows = readFileSync('/proc/cgroups', 'utf8').split('\n');
  const [, hierarchy, , enabled] = rows.find((row) => row.startsWith(`${controller}\t`))?.split('\t') ?? [];
  if (hierarchy === undefined) return 'it is not compiled in';
  if (enabled !== '1') return 'it is disabled on the command line of the kernel';
  return hierarchy === '0' ? 'no parent group hands it down' : 'a hierarchy of cgroup v1 holds it';
}
