import assert from 'node:assert/strict';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Finding } from '../../daemon/core/doctor/finding.js';
import { wallFindings } from '../../daemon/core/doctor/wall-findings.js';
import { propertiesIn } from '../../daemon/host/systemctl.js';
import { root } from '../support/built.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const shipped = join(root, 'systemd');
const wallsOfAll = 'rollcall-.service.d/00-walls.conf';

/** What systemd says of a unit in place of what it says where all is well. UNITS is the folder of the units. */
type Told = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A box after its installation, then `change`, and what systemd tells about it. */
async function examine({
  change = async () => undefined,
  told = {},
}: {
  readonly change?: (installed: string) => Promise<unknown>;
  readonly told?: Told;
}): Promise<readonly Finding[]> {
  await using directory = await temporaryDirectory();
  const installed = directory.path;
  await cp(shipped, installed, { recursive: true });
  await mkdir(join(installed, 'rollcalld.service.d'), { recursive: true });
  await cp(join(shipped, wallsOfAll), join(installed, 'rollcalld.service.d/00-walls.conf'));
  await change(installed);
  const path = (name: string): string => join(installed, name);
  const dropIns: Readonly<Record<string, readonly string[]>> = {
    rollcalld: ['rollcalld.service.d/00-walls.conf', 'rollcalld.service.d/10-core.conf'],
    'rollcall-gate-wall': [wallsOfAll, 'rollcall-gate-wall.service.d/10-bpf.conf'],
    'rollcall-gate': [wallsOfAll, 'rollcall-gate.service.d/10-gate.conf'],
    'rollcall-vision': [wallsOfAll, 'rollcall-vision-.service.d/10-vision.conf'],
  };
  const show = async (names: readonly string[]) =>
    new Map(
      names.map((name) => {
        const kind = name.endsWith('.service')
          ? (/^rollcalld|^rollcall-(?:gate-wall|gate|vision)/.exec(name)?.[0] ?? '')
          : '';
        const facts = {
          ...{ LoadState: 'loaded', ActiveState: 'active', NeedDaemonReload: 'no' },
          FragmentPath: path(name.replace('@doctor.', '@.')),
          DropInPaths: (dropIns[kind] ?? []).map(path).join(' '),
          ...told[name],
        };
        const shown = Object.entries(facts).map(
          ([key, value]) => [key, value.replaceAll('UNITS', installed)] as const,
        );
        return [name, new Map(shown)] as const;
      }),
    );
  const findings = await wallFindings({ shipped, installed, show });
  return findings.map(
    (finding) => JSON.parse(JSON.stringify(finding).replaceAll(installed, 'UNITS')) as Finding,
  );
}

describe('rollcall doctor and the walls of the units', () => {
  test('finds a box fine that is as it was installed', async () => {
    assert.deepEqual(
      (await examine({})).map(({ check, outcome, message }) => [check, outcome, message]),
      [['walls', 'ok', '9 units as installed']],
    );
  });

  test('finds nothing where no box is installed, or systemd does not answer', async () => {
    await using directory = await temporaryDirectory();
    assert.deepEqual(await wallFindings({ shipped: join(directory.path, 'none') }), []);
    assert.deepEqual(
      await wallFindings({ shipped, installed: directory.path, show: async () => undefined }),
      [],
    );
  });

  test('names a missing drop-in for every service that lacks it', async () => {
    const findings = await examine({ change: (installed) => rm(join(installed, wallsOfAll)) });
    assert.deepEqual(
      findings.map(({ check, outcome, message }) => ({ check, outcome, message })),
      ['rollcall-gate-wall', 'rollcall-gate', 'rollcall-vision-cameras@', 'rollcall-vision-photos@'].map(
        (unit) => ({
          check: `walls of ${unit}.service`,
          outcome: 'warning',
          message: `UNITS/${wallsOfAll} is missing`,
        }),
      ),
    );
    assert.match(findings[0]?.remedy ?? '', /^Install this version again/);
  });

  test('names a missing unit, and one that was changed', async () => {
    const findings = await examine({
      async change(installed) {
        await rm(join(installed, 'rollcall-vision-photos.socket'));
        await writeFile(
          join(installed, 'rollcall-gate.service'),
          '[Service]\nExecStart=/usr/bin/node gate.js\n',
        );
      },
    });
    assert.deepEqual(
      findings.map(({ message }) => message),
      [
        'UNITS/rollcall-gate.service is not that of this version',
        'UNITS/rollcall-vision-photos.socket is missing',
      ],
    );
  });

  test('accepts the Node.js that the installation has put into a unit', async () => {
    const unit = 'rollcalld.service';
    const change = async (installed: string): Promise<void> => {
      const text = await readFile(join(installed, unit), 'utf8');
      await writeFile(join(installed, unit), text.replace('/usr/bin/node', '/opt/node/bin/node'));
    };
    assert.equal((await examine({ change }))[0]?.outcome, 'ok');
  });

  test('says that systemd has not read the files, or uses others', async () => {
    const findings = await examine({
      told: {
        'rollcalld.service': { NeedDaemonReload: 'yes' },
        'rollcall-gate.service': { DropInPaths: 'UNITS/rollcall-gate.service.d/10-gate.conf' },
      },
    });
    const [gate, core] = findings;
    assert.equal(core?.message, 'systemd has not read its present files');
    assert.match(
      core.remedy ?? '',
      /^Run 'systemctl daemon-reload && systemctl restart rollcalld rollcall-gate'/,
    );
    assert.equal(gate?.message, `systemd does not use UNITS/${wallsOfAll}`);
  });

  test('names a wall that a drop-in takes away, and the drop-ins', async () => {
    const vision = 'rollcall-vision-cameras@doctor.service';
    const own = 'UNITS/rollcall-vision-.service.d/own.conf';
    const DropInPaths = `UNITS/${wallsOfAll} UNITS/rollcall-vision-.service.d/10-vision.conf ${own}`;
    const settings = {
      PrivateNetwork: 'no',
      NoNewPrivileges: 'yes',
      RootDirectory: '',
      PrivateDevices: 'no',
    };
    const [finding, ...others] = await examine({ told: { [vision]: { ...settings, DropInPaths } } });
    assert.deepEqual(others, []);
    assert.equal(
      finding?.message,
      'PrivateNetwork=no in place of PrivateNetwork=yes; RootDirectory= in place of RootDirectory=/run/rollcall-vision/root',
    );
    assert.ok(finding.remedy?.includes(own), finding.remedy);
  });

  test('names a list that a drop-in has emptied, and a limit that it has lifted, but none that it has changed', async () => {
    const photos = {
      SystemCallFilter: '~',
      InaccessiblePaths: '/tmp /srv',
      MemoryMax: '1000',
      TasksMax: 'infinity',
    };
    const told = {
      'rollcall-vision-photos@doctor.service': photos,
      'rollcall-gate.service': { BPFProgram: '', RestrictAddressFamilies: 'AF_UNIX' },
      // Its drop-in allows none.
      'rollcall-gate-wall.service': { RestrictAddressFamilies: '' },
    };
    assert.deepEqual(
      (await examine({ told })).map(({ check, message }) => `${check}: ${message}`),
      [
        'walls of rollcall-gate.service: BPFProgram= in place of BPFProgram=sendmsg6:/run/rollcall-bpf/sendmsg6',
        'walls of rollcall-vision-photos@.service: SystemCallFilter=~ in place of SystemCallFilter=capset; TasksMax=infinity in place of TasksMax=2048',
      ],
    );
  });

  test('reads capabilities as systemd prints them', async () => {
    const told = (CapabilityBoundingSet: string) => ({
      'rollcall-gate-wall.service': { CapabilityBoundingSet },
    });
    assert.equal((await examine({ told: told('cap_net_admin cap_bpf') }))[0]?.outcome, 'ok');
    const [more] = await examine({ told: told('cap_net_admin cap_sys_admin cap_bpf') });
    assert.match(more?.message ?? '', /^CapabilityBoundingSet=.*cap_sys_admin.* in place of/);
  });

  test('says which socket, mount, or preparation does not run beside a running daemon', async () => {
    const still = { ActiveState: 'failed' };
    const told = {
      'rollcall-gate-wall.service': { ...still, Type: 'oneshot' },
      'rollcall-gate.service': still,
      'rollcall-vision-cameras.socket': still,
      'run-rollcall\\x2dgate-live.mount': still,
    };
    assert.deepEqual(
      (await examine({ told })).map(({ check, message }) => `${check} ${message}`),
      [
        'walls of rollcall-gate-wall.service is failed',
        'walls of rollcall-vision-cameras.socket is failed',
        'walls of run-rollcall\\x2dgate-live.mount is failed',
      ],
    );
    const stopped = { ...told, 'rollcalld.service': { ActiveState: 'inactive' } };
    assert.equal((await examine({ told: stopped }))[0]?.outcome, 'ok');
  });
});

test('the answers of systemctl are read by unit, and values may contain "="', () => {
  const units = propertiesIn('Id=a.service\nExecStart={ path=/x }\n\nFragmentPath=\nId=b.socket\n');
  assert.deepEqual([...units.keys()], ['a.service', 'b.socket']);
  assert.equal(units.get('a.service')?.get('ExecStart'), '{ path=/x }');
  assert.equal(units.get('b.socket')?.get('FragmentPath'), '');
});
