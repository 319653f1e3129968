import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programRoot } from '../../daemon/host/program-files.js';
import { type Attacker, encoded, type Targets } from './targets.js';

const run = promisify(execFile);

const units: Readonly<Record<Attacker, string>> = {
  cameras: 'rollcall-vision-cameras@attack.service',
  photographs: 'rollcall-vision-photos@attack.service',
  gate: 'rollcall-gate.service',
};

/** Instead of the unit's own limit, which may be gigabytes: more than its folder for temporary files holds, less than the payload asks for. */
const memoryLimit = 'MemoryMax=320M';

const runtimeUnits = '/run/systemd/system';

/** A unit as it is installed. */
export interface InstalledUnit {
  /** With all drop-ins. */
  readonly text: string;
  readonly hasMemoryLimit: boolean;
}

/** The unit that walls in this process on this machine; undefined where there is none. Only root can start one. */
export async function unitOf(attacker: Attacker): Promise<InstalledUnit | undefined> {
  if (process.getuid?.() !== 0 || !existsSync(runtimeUnits)) return undefined;
  const name = units[attacker];
  try {
    const { stdout: text } = await run('systemctl', ['cat', name]);
    const limit = await run('systemctl', ['show', '--value', '--property=MemoryMax', name]);
    return { text, hasMemoryLimit: limit.stdout.trim() !== 'infinity' };
  } catch {
    return undefined;
  }
}

/**
 * Runs the payload in a copy of the unit: everything that walls the process in is as it is installed, only the program is another.
 * Returns what the payload wrote.
 */
export async function attackInUnit(unit: InstalledUnit, targets: Targets): Promise<string> {
  // No prefix that drop-ins apply to once more, and the instance that they may ask for.
  const name = `${targets.marker}@attack.service`;
  const path = join(runtimeUnits, name);
  const output = `${path}.output`;
  // Such as the program that hides sockets from the one that it runs.
  const [, before = ''] = /^ExecStart=(.*?)\S+ (?:--\S+ )*\S+\.js\b/m.exec(unit.text) ?? [];
  writeFileSync(
    path,
    `${unit.text}
[Unit]
ConditionPathExists=
StartLimitIntervalSec=0
CollectMode=inactive-or-failed
[Service]
Type=oneshot
ExecCondition=
ExecStartPre=
ExecStart=
ExecStart=${before}/usr/bin/python3 -B - ${encoded(targets)}
ExecStop=
Restart=no
WatchdogSec=0
TimeoutStartSec=300
# Reports a child that was killed for its memory instead of ending with it.
OOMPolicy=continue
${unit.hasMemoryLimit ? memoryLimit : ''}
StandardInput=data
StandardInputData=${readFileSync(join(programRoot(), 'scripts/attacks/payload.py')).toString('base64')}
StandardOutput=file:${output}
StandardError=inherit
`,
  );
  try {
    await run('systemctl', ['daemon-reload']);
    // What the payload says shows whether it ran.
    await run('systemctl', ['start', name]).catch(() => undefined);
    return readFileSync(output, 'utf8');
  } finally {
    for (const each of [path, output]) rmSync(each, { force: true });
    await run('systemctl', ['daemon-reload']);
  }
}
