import { lstatSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { hasController } from '../host/control-groups.js';
import { defect, messageOf } from '../kernel/errors.js';
import type { Isolation } from '../kernel/isolation.js';
import type { Launch, LauncherProbe, VisionLauncher } from './vision-launcher.js';

/** The variable with the folder of the sockets below. The unit of the core sets it; a daemon that is started by hand has its own rights. */
const folderVariable = 'ROLLCALL_VISION_SOCKETS';

type Purpose = Launch['purpose'];

const socketNames: Readonly<Record<Purpose, string>> = {
  cameras: 'cameras.sock',
  photographs: 'photos.sock',
};

/** For people. */
const subjects: Readonly<Record<Purpose, string>> = {
  cameras: 'cameras',
  photographs: 'photos and clips',
};

/** In the folder of the sockets: the folder for `CameraLines`, made by systemd-tmpfiles. Without it, no unit for cameras reaches one. */
const linesName = 'lines';

/** The folder of the sockets for live frames, where processes in units may create files. */
const liveFolder = '/run/rollcall-gate/live';

const remedy =
  "Run 'systemctl restart rollcalld', which starts them. If that does not help, run rollcall-setup, and see 'systemctl status rollcall-vision-cameras.socket rollcall-vision-photos.socket'.";

/** Whether this process is the installed service, whose vision processes systemd starts. */
export const isInstalledService = (environment: NodeJS.ProcessEnv = process.env): boolean =>
  environment[folderVariable] !== undefined;

/** Whether systemd starts the vision processes of a purpose, each as a unit with a user of its own. Undefined outside of the installed service. */
export function probeUnits(
  purpose: Purpose,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  { controlGroups, live = liveFolder }: { readonly controlGroups?: string; readonly live?: string } = {},
): LauncherProbe | undefined {
  const folder = environment[folderVariable];
  if (folder === undefined) return undefined;
  const found = (name: string) => lstatSync(join(folder, name), { throwIfNoEntry: false });
  const missing = found(socketNames[purpose])?.isSocket() === true ? [] : [socketNames[purpose]];
  if (purpose === 'cameras' && found(linesName)?.isDirectory() !== true) missing.push(linesName);
  if (missing.length === 0) {
    // Only processes for cameras get the folder for live frames.
    const isDiskLimited = purpose !== 'cameras' || isMount(live);
    return unitLauncher(folder, gapsOf(hasController('memory', controlGroups), isDiskLimited));
  }
  const paths = missing.map((name) => join(folder, name));
  return {
    reason: `the unit for ${subjects[purpose]} cannot start: ${paths.join(' and ')} ${paths.length === 1 ? 'is' : 'are'} missing`,
    remedy,
  };
}

/** Whether a folder is a file system of its own, as the unit of the folder for live frames makes it. */
function isMount(folder: string): boolean {
  const [own, around] = [folder, dirname(folder)].map((path) => statSync(path, { throwIfNoEntry: false }));
  return own?.dev !== around?.dev;
}

const gapsOf = (isMemoryLimited: boolean, isDiskLimited: boolean): Isolation['gaps'] => [
  ...(isMemoryLimited ? [] : (['memory'] as const)),
  ...(isDiskLimited ? [] : (['disk'] as const)),
];

/** Connects to a socket of systemd, which starts a unit for the connection. What the process may do and sees is up to the unit. */
function unitLauncher(folder: string, gaps: Isolation['gaps']): VisionLauncher {
  return {
    isolation: { level: 'full', gaps },
    linesFolder: join(folder, linesName),
    launch({ purpose, program }) {
      if (program !== undefined) throw defect('unit-program', 'a unit starts no other program');
      const path = join(folder, socketNames[purpose]);
      const channel = connect(path);
      let reason = `its unit ended; see 'journalctl --namespace +rollcall-vision -u "rollcall-vision-*"'`;
      channel.once('error', (error: NodeJS.ErrnoException) => {
        const isRefused = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
        reason = isRefused
          ? `systemd does not listen at ${path}; 'systemctl restart rollcalld' starts its socket again`
          : `the connection to its unit broke: ${messageOf(error)}`;
      });
      return {
        channel,
        log: [],
        pid: undefined,
        ended: new Promise((resolve) => channel.once('close', () => resolve(reason))),
        kill: () => void channel.destroy(),
      };
    },
  };
}
