import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { BoxStatus } from '../../daemon/contract/status.js';
import { type BootedBox, bootBox, withoutBootedBox } from '../support/booted-box.js';
import { withoutBuild } from '../support/box.js';
import { programOfBox, setUpUnits } from '../support/box-units.js';
import { docBlocks } from '../support/doc-blocks.js';

const programLine = `${process.execPath} ${programOfBox('rollcall.js')}`;

/** Waits for a page of the gate. */
const ask = `
ask() {
  for _ in $(seq 100); do
    ${process.execPath} -e '
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0"; process.removeAllListeners("warning");
      require("https").get("https://127.0.0.1:8443'$1'", (answer) => { console.log(answer.statusCode); process.exit(0); })
        .on("error", () => process.exit(1))' 2> /dev/null && return 0
    sleep 0.2
  done
  journalctl --unit rollcall-gate --lines 20 --output cat --no-pager >&2
  return 1
}
`;

test('the gate runs under its own user, sees no data, and comes back after a kill', {
  skip: withoutBootedBox || withoutBuild,
}, async (t) => {
  await using box = await bootBox();
  await setUpUnits(box);
  // The gate first: it waits for the daemon.
  await box.must('systemctl start rollcall-gate && systemctl is-active rollcall-gate');
  await box.must('systemctl start rollcalld');
  assert.equal(await box.must(`${ask} ask /`), '200\n');
  assert.equal(await box.must(`${ask} ask /api/v1/identity`), '401\n', 'the core behind it decides');

  const pid = (await box.must('systemctl show --value --property MainPID rollcall-gate')).trim();
  assert.match(await box.must(`ps -o user= -p ${pid}`), /^rollcal/);
  assert.notEqual(await box.must(`stat -c %u /proc/${pid}`), await box.must('id -u rollcall'));
  // Its root has no list of users.
  const user = '--reuid $(id -u rollcall-gate) --regid $(id -g rollcall-gate) --clear-groups';
  const inside = (command: string) => box.run(`nsenter -t ${pid} -m setpriv ${user} ${command}`);
  for (const path of ['/var/lib', '/etc/rollcall', '/etc/passwd', '/run/rollcall', '/srv']) {
    assert.notEqual((await inside(`ls ${path}`)).exitCode, 0, path);
  }
  assert.notEqual((await inside('touch /run/rollcall-gate/x')).exitCode, 0, 'it cannot replace the socket');
  assert.equal((await inside('cat /run/rollcall-gate/gate.json')).exitCode, 0);
  assert.equal(
    await box.must('stat -c "%U %G %a" /run/rollcall-gate/gate.sock'),
    'rollcall rollcall-gate 660\n',
  );
  assert.equal(
    await box.must('stat -c "%U %G %a" /run/rollcall-gate/tls.pem'),
    'rollcall rollcall-gate 640\n',
  );

  // A camera that cannot be reached has a vision process, too, and no pictures.
  const folder = '/run/rollcall-gate/live';
  const name = await box.must(`for _ in $(seq 300); do
      grep --quiet ticket < <(curl --silent --max-time 1 --unix-socket /run/rollcall/control.sock http://box/api/v1/cameras/door/live) && break
      sleep 0.2
    done
    ls ${folder}`);
  const live = join(folder, name.trim());
  assert.match(await box.must(`stat -c "%G %a" ${live}`), /^rollcall-gate 660$/m);
  const connecting = `${process.execPath} -e 'require("net").connect("${live}").on("connect", () => process.exit(0)).on("error", () => process.exit(1))'`;
  assert.equal((await inside(connecting)).exitCode, 0, 'the gate reaches the vision process');
  assert.notEqual(
    (await box.run(`runuser -u nobody -- ${connecting}`)).exitCode,
    0,
    'and no other user does',
  );

  // The local API: the group of administrators may use it, and nobody else.
  const status = `${process.execPath} ${programOfBox('rollcall.js')} status`;
  const asMember = `setpriv --reuid nobody --regid nogroup --groups $(getent group rollcall-admin | cut -d: -f3) ${status}`;
  assert.match(await box.must(asMember), /^rollcalld /);
  assert.notEqual((await box.run(`runuser -u nobody -- ${status}`)).exitCode, 0, 'not every user');

  const daemon = (await box.must('systemctl show --value --property MainPID rollcalld')).trim();
  const writing = `nsenter -t ${daemon} -m runuser -u rollcall -- sh -c ': >> /etc/rollcall/rollcall.yaml'`;
  assert.notEqual((await box.run(writing)).exitCode, 0, 'the daemon cannot write its configuration');
  await t.test('what an attacker tries in the unit of the gate is refused', () =>
    attackedFromInside(box, '--gate'),
  );
  await refusedAtLocalApi(box);

  const doctor = `${process.execPath} ${programOfBox('rollcall.js')} doctor || true`;
  const found = await box.must(doctor);
  assert.match(found, /^ok +gate: answers https on 127\.0\.0\.1, port 8443/m);
  assert.match(found, /^ok +isolation: full\b/m);
  await box.must('systemctl stop rollcall-gate');
  assert.match(await box.must(doctor), /^warning +gate: does not answer/m);
  await box.must('systemctl start rollcall-gate');
  assert.equal(await box.must(`${ask} ask /`), '200\n');

  const again = (await box.must('systemctl show --value --property MainPID rollcall-gate')).trim();
  await box.must(`kill -KILL ${again}`);
  assert.equal(await box.must(`${ask} ask /`), '200\n');
  assert.notEqual(await box.must('systemctl show --value --property MainPID rollcall-gate'), `${again}\n`);
  assert.equal((await box.must('systemctl show --value --property NRestarts rollcalld')).trim(), '0');
  // The gate starts without the programs that refuse its connections.
  await box.must(`
    systemctl stop rollcall-gate rollcall-gate-wall
    mv /etc/systemd/system/rollcall-gate-wall.service /root/
    systemctl daemon-reload
    systemctl start rollcall-gate
    systemctl restart rollcalld
    until ${programLine} status --json | grep isolation-weakened; do sleep 0.2; done`);
  const { conditionsAbout } = JSON.parse(await box.must(`${programLine} status --json`)) as BoxStatus;
  assert.deepEqual(conditionsAbout?.['isolation-weakened'], ['gate']);
  assert.equal(await box.must(`${ask} ask /api/v1/identity`), '401\n', 'it finds the new daemon');
  await reachedFromNetwork(box);
  await t.test('what an attacker tries in the units of vision is refused', async () => {
    await box.showLimits();
    await attackedFromInside(box, '');
    await attackedFromInside(box, '--photos');
  });
});

/** What only one of them can try. */
const ownAttempts = {
  '--gate': ['connect to another service of this machine over IPv6', 'use the protocol UDP-Lite'],
  '--photos': [],
  '': ['replace the socket of another process'],
} as const;

/** Everything is refused, except for what this kernel lacks, which is named. */
async function attackedFromInside(box: BootedBox, who: '--gate' | '--photos' | ''): Promise<void> {
  const attack = `PATH=${dirname(process.execPath)}:$PATH scripts/attack --config /etc/rollcall/rollcall.yaml ${who}`;
  const { exitCode, stdout, stderr } = await box.run(attack);
  const said = stdout + stderr;
  assert.equal(exitCode, 0, said);
  assert.match(said, /isolation: full$/m, 'it ran in a unit');
  for (const what of [
    'read /var/lib/rollcall/gallery.db',
    'read /etc/rollcall/secrets/gallery-key',
    'connect to /run/rollcall/control.sock',
    'connect to another service of this machine with a listening socket',
    'open a socket of the family vsock',
    'use io_uring',
    'leave or change its control group',
    'reach into a process of its own',
    'attach memory that the machine shares',
    'start a process in a namespace of its own',
    'use an open file that was left to it',
    'fill the disk through /run',
    'write a large line to the journal of the machine',
    'gain rights through a program of root',
    ...ownAttempts[who],
  ])
    assert.ok(said.includes(`refused  ${what}\n`), `${what}\n${said}`);
  for (const [controller, what] of [
    ['memory', 'fill the memory'],
    ['pids', 'fill the process table'],
  ] as const) {
    const isLimited = !said.includes(`this kernel lacks the ${controller} controller`);
    if (isLimited) assert.ok(said.includes(`refused  ${what}\n`), `${what}\n${said}`);
    else assert.match(said, new RegExp(`^open +${what} \\(`, 'm'));
  }
  const isExcused = /\(this kernel lacks |\(memory\)$/;
  const open = said.split('\n').filter((line) => line.startsWith('open ') && !isExcused.test(line));
  assert.deepEqual(open, [], said);
}

/** Somebody has opened the socket to everyone, and the gate and vision were taken over: the core refuses both and raises the alarm. */
async function refusedAtLocalApi(box: BootedBox): Promise<void> {
  const shown = `${process.execPath} ${programOfBox('rollcall.js')} status --json`;
  assert.doesNotMatch(await box.must(shown), /intrusion-suspected/);
  const { stdout } = await box.run(`chmod 666 /run/rollcall/control.sock
    asking='curl --silent --unix-socket /run/rollcall/control.sock http://box/api/v1/status'
    runuser -u rollcall-gate -- $asking || true
    setpriv --reuid 61234 --regid rollcall-vision --clear-groups $asking || true
    chmod 660 /run/rollcall/control.sock`);
  assert.equal(stdout, '');
  const { conditionsAbout } = JSON.parse(await box.must(shown)) as BoxStatus;
  assert.deepEqual(conditionsAbout?.['intrusion-suspected'], ['gate', 'vision']);
}

/** Runs every block of the page on the box, which has an address of a private network and a name for it. */
async function reachedFromNetwork(box: BootedBox): Promise<void> {
  const page = 'docs/how-to/reach-the-box-from-the-network.md';
  const [letIn, check, compare, ownCertificate, whenSilent] = docBlocks(page).map(({ text }) => text);
  assert.equal(docBlocks(page).length, 5);
  assert.ok(docBlocks(page).every(({ notRun }) => notRun === undefined));
  const [settings] = docBlocks(page, 'yaml');
  const command = `rollcall() { ${process.execPath} ${programOfBox('rollcall.js')} "$@"; }`;
  const shown = `until said=$(${compare?.trim()}); do sleep 0.2; done; echo "$said"`;
  await box.must('ip address add 10.1.2.3/32 dev lo; echo 10.1.2.3 box.example >> /etc/hosts');
  const before = await box.run('openssl s_client -connect box.example:8443 </dev/null');
  assert.notEqual(before.exitCode, 0, 'the network does not reach it yet');

  await box.must(`cat >> /etc/rollcall/rollcall.yaml; ${command}\n${letIn}`, settings?.text);
  const made = await box.must(`set +o pipefail; ${shown}`);
  const [, fingerprint = ''] = /Fingerprint=(\S+)/.exec(made) ?? [];
  const told = await box.must(`${command}\n${check}`);
  const [, line = ''] = /certificate for HTTPS\W*(.*)/.exec(told) ?? [];
  assert.ok(fingerprint !== '' && line.includes(fingerprint), `${line} is not ${fingerprint}`);

  await box.must(`cd /root
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=box.example \\
      -addext subjectAltName=DNS:box.example -keyout key.pem -out certificate.pem 2> /dev/null
    : > intermediates.pem
    ${ownCertificate}
    sed -i 's/^gate:$/&\\n  certificate: https/' /etc/rollcall/rollcall.yaml
    ${command}
    ${letIn}
    own=$(openssl x509 -in certificate.pem -noout -fingerprint -sha256)
    set +o pipefail
    until [ "$(${compare?.trim()})" = "$own" ]; do sleep 0.2; done`);

  await box.must('systemctl stop rollcall-gate');
  // systemctl ends with 3 for a service that does not run.
  const silent = await box.must(`set +e; ${whenSilent}`);
  assert.match(silent, /rollcall-gate\.service[\s\S]*inactive \(dead\)[\s\S]*gate/);
}
