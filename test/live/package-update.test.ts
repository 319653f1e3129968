import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type BootedBox, bootBox, checkoutOfBox, withoutBootedBox } from '../support/booted-box.js';
import { withoutBuild } from '../support/box.js';
import { root } from '../support/built.js';

const withoutTools = !existsSync('/usr/bin/dpkg-deb') && 'this machine has no dpkg-deb';
const withoutGpg =
  ['gpg', 'gpg-agent', 'gpgv'].some((name) => !existsSync(join('/usr/bin', name))) &&
  'gnupg is not installed (scripts/setup --with-tests)';
const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch;
const otherArchitecture = architecture === 'arm64' ? 'amd64' : 'arm64';
const debOf = (version: number, arch = architecture) => `rollcall_${version}_${arch}.deb`;

/** The steps of postinst at which the power fails; `unpacked`: before it runs. After `proven`, the new version stays. */
const steps = ['unpacked', 'begun', 'stopped', 'switched', 'started', 'proven'] as const;

// With the scripts of the real package, and a small program in place of rollcalld that migrates a database as it does.
test('an update of the package ends with a box that runs, whatever happens', {
  skip: withoutBootedBox || withoutTools,
}, async (t) => {
  await using packages = await makePackages(steps.length + 1);
  await using box = await bootBox();
  await box.must(`
    rm -f /usr/sbin/policy-rc.d
    mkdir -p /etc/rollcall /var/lib/rollcall
    echo > /etc/rollcall/rollcall.yaml
    ln -s ${checkoutOfBox}/${packages.name} /root/packages
    dpkg --force-depends --install /root/packages/${debOf(1)}`);
  assert.deepEqual(await stateOf(box), stateWith(1));
  await t.test(
    'rollcall update apply installs only what is signed, suits the box, and is newer',
    {
      skip: withoutBuild || withoutGpg,
    },
    () => applies(box),
  );
  await t.test('a version that does less than the former one is undone', () => doesLess(box));
  for (const [index, step] of steps.entries()) {
    const [former, next] = [index + 1, index + 2];
    await t.test(`a power cut when it was ${step} leaves a box that runs`, async () => {
      await cutAt(box, step, next);
      assert.deepEqual(await stateOf(box), stateWith(step === 'proven' ? next : former), 'after the start');
      await box.must('dpkg --force-depends --configure rollcall');
      assert.deepEqual(await stateOf(box), stateWith(next), 'after the next attempt');
    });
  }
});

/** With the command of the checkout: the box has a small program in its place. */
async function applies(box: BootedBox) {
  const apply = async (file: string, as = ''): Promise<string> => {
    const command = `node ${checkoutOfBox}/dist/program/rollcall.js update apply`;
    return (await box.run(`${as} ${command} ${file} 2>&1`)).stdout;
  };
  const newer = `/root/signed/${debOf(2)}`;
  await box.must(`
    mkdir /root/signed /root/forged
    cp /root/packages/rollcall_[012]_*.deb /root/signed/
    cp ${newer} /root/forged/
    gpg() { command gpg --batch --quiet --passphrase '' "$@"; }
    for name in own thief; do gpg --quick-generate-key $name@plant.example; done
    for each in /root/signed/*.deb; do gpg --local-user own@plant.example --armor --detach-sign $each; done
    gpg --local-user thief@plant.example --armor --detach-sign /root/forged/*.deb
    rm -f /etc/apt/keyrings/rollcall.gpg`);
  assert.match(await apply(newer), /cannot be checked: there is no \/etc\/apt\/keyrings\/rollcall\.gpg/);
  await box.must(`
    install -d /etc/apt/keyrings
    gpg --batch --export own@plant.example > /etc/apt/keyrings/rollcall.gpg`);
  for (const [file, expected] of [
    [`/root/packages/${debOf(2)}`, /is not signed: there is no \S+\.asc\s+what to do: /],
    [`/root/forged/${debOf(2)}`, /the signature of \S+ is not valid: .*\s+what to do: /],
    [`/root/signed/${debOf(0)}`, /0 is older than the installed version 1\s+what to do: .*--allow-downgrade/],
    [`/root/signed/${debOf(2, otherArchitecture)}`, /is for \w+, and this machine is \w+/],
    ['/root/absent.deb', /there is no file \/root\/absent\.deb/],
  ] as const)
    assert.match(await apply(file), expected);
  assert.match(await apply(newer, 'runuser -u nobody --'), /only root can update the box/);
  assert.match(await apply(newer, 'flock /run/rollcall-install.lock'), /already being updated or set up/);
  assert.deepEqual(await stateOf(box), stateWith(1));
  assert.equal(
    await apply(`/root/signed/${debOf(1)}`),
    'rollcall 1 is installed, and there is nothing newer.\n',
  );
}

async function doesLess(box: BootedBox) {
  const failed = await box.run(`
    touch /etc/rollcall/less
    dpkg --force-depends --install /root/packages/${debOf(2)} 2>&1`);
  assert.notEqual(failed.exitCode, 0);
  assert.match(
    failed.stdout,
    /failed {3}camera door: less[\s\S]*does not do what the former one did; the former one runs again/,
  );
  assert.deepEqual(await stateOf(box), stateWith(1));
  const report = JSON.parse(await box.must('rm /etc/rollcall/less; cat /opt/rollcall/update/last.json'));
  assert.deepEqual([report.outcome, report.why, report.from, report.to], ['undone', 'not-proven', '1', '2']);
}

/** Begins an update, ends it and the box at a step without a chance to clean up, and starts the box as the next boot would. */
async function cutAt(box: BootedBox, step: (typeof steps)[number], version: number): Promise<void> {
  const file = `/root/packages/${debOf(version)}`;
  const dpkg = step === 'unpacked' ? `dpkg --unpack ${file}` : `dpkg --install ${file}`;
  const { stderr } = await box.run(`ROLLCALL_CUT_AT=${step} ${dpkg.replace('dpkg', 'dpkg --force-depends')}`);
  if (step !== 'unpacked') assert.match(stderr, /was killed by signal \(Killed\)|killed by signal/);
  await box.must(`
    systemctl kill --signal KILL --kill-who all rollcalld || true
    systemctl stop rollcalld
    if [ -e ${wayBack} ]; then echo another-boot > ${wayBack}/boot; fi
    systemctl daemon-reload
    systemctl start rollcalld || true
    until systemctl is-active --quiet rollcalld; do sleep 0.1; done`);
  // With the units of the former version.
  const outcome = step === 'proven' ? /"outcome":"proven"/ : /"outcome":"undone","why":"interrupted"/;
  assert.match(await box.must('cat /opt/rollcall/update/last.json'), outcome);
}

const wayBack = '/opt/rollcall/update/way-back';

/** The version of everything that an update changes. */
async function stateOf(box: BootedBox) {
  const said = await box.must(`
    systemctl is-active rollcalld
    tr '\\0' '\\n' < /proc/$(systemctl show rollcalld --property MainPID --value)/environ | grep ^VERSION=
    cat /opt/rollcall/current/version /var/lib/rollcall/gallery.db
    ls /usr/lib/systemd/system/rollcalld.service.d
    ls ${wayBack} 2> /dev/null || true`);
  return said.trim().split('\n');
}

/** Program, unit, its drop-in, and database of one version, and no way back. */
const stateWith = (version: number) => [
  'active',
  `VERSION=${version}`,
  `${version}`,
  `${version}`,
  `${version}.conf`,
];

const packer = join(root, 'scripts/packaging/pack');

async function makePackages(count: number) {
  await mkdir(join(root, 'var'), { recursive: true });
  const folder = await mkdtemp(join(root, 'var/power-cut-test-'));
  // An older one, too.
  for (let version = 0; version <= count; version += 1) {
    const tree = join(folder, `tree-${version}`);
    const program = 'opt/rollcall/releases/package';
    const unit = `rollcalld.service.d/${version}.conf`;
    const dropIn = `[Service]\nEnvironment=VERSION=${version}\n`;
    const files: Readonly<Record<string, string>> = {
      [`${program}/version`]: `${version}\n`,
      [`${program}/dist/program/version.json`]: `{"version":"${version}"}`,
      [`${program}/node/bin/node`]: '#!/bin/sh\nexec /bin/bash "$@"\n',
      [`${program}/dist/program/rollcall.js`]: command,
      [`${program}/dist/program/rollcalld.js`]: daemon,
      'usr/bin/rollcall':
        '#!/bin/sh\nexec /opt/rollcall/current/node/bin/node /opt/rollcall/current/dist/program/rollcall.js "$@"\n',
      'usr/lib/sysusers.d/rollcall.conf': '',
      'usr/lib/tmpfiles.d/rollcall.conf': '',
      ...Object.fromEntries(
        ['usr/lib/systemd/system', `${program}/units`].flatMap((place) => [
          [`${place}/rollcalld.service`, unitText],
          [`${place}/rollcall-gate.service`, '[Service]\nType=oneshot\nExecStart=/bin/true\n'],
          [`${place}/${unit}`, dropIn],
        ]),
      ),
    };
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(tree, name)), { recursive: true });
      await writeFile(join(tree, name), text, { mode: name.includes('/bin/') ? 0o755 : 0o644 });
    }
    for (const arch of version === 2 ? [architecture, otherArchitecture] : [architecture])
      execFileSync(packer, [tree, String(version), arch, '1700000000', folder, 'none'], { stdio: 'ignore' });
  }
  return {
    name: folder.slice(root.length).replace(/^\//, ''),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The unit of rollcalld, without the walls around it, so that a shell can stand in for the program. */
const realUnit = readFileSync(join(root, 'systemd/rollcalld.service'), 'utf8');
const lineOf = (name: string): string => new RegExp(`^${name}=.*$`, 'm').exec(realUnit)?.[0] ?? '';
const unitText = `[Service]
Type=notify
NotifyAccess=all
${lineOf('ExecStartPre')}
ExecStart=/opt/rollcall/current/node/bin/node /opt/rollcall/current/dist/program/rollcalld.js
Restart=always
RestartSec=100ms
[Install]
WantedBy=multi-user.target
`;

/** Accepts all settings, and finds that the box does less where a file says so. */
const command = `
case "$1 $2" in
'update note') echo '{}' ;;
'update check') [ ! -e /etc/rollcall/less ] || { echo 'failed   camera door: less'; exit 1; } ;;
esac
`;

/** Migrates a database of an older version, keeps a copy, and refuses one of a newer version. */
const daemon = `
set -e
version=$(cat /opt/rollcall/current/version) database=/var/lib/rollcall/gallery.db
found=$(cat $database 2> /dev/null || echo 0)
[ "$found" -le "$version" ]
if [ "$found" -lt "$version" ]; then
  [ "$found" = 0 ] || cp $database $database.before-migration-$found
  echo "$version" > $database
fi
systemd-notify --ready
exec sleep infinity
`;
