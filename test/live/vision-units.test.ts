import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BoxStatus } from '../../daemon/contract/status.js';
import { type BootedBox, bootBox, withoutBootedBox } from '../support/booted-box.js';
import { withoutBuild } from '../support/box.js';
import { programOfBox, setUpUnits } from '../support/box-units.js';

const node = process.execPath;

/** What the payload found, from inside of a unit. */
interface Found {
  readonly uid: number;
  readonly root: readonly string[];
  readonly run: readonly string[];
  readonly pids: readonly number[];
  /** Paths and addresses, and how an attempt ended: `ok` or an error code. */
  readonly read: Readonly<Record<string, string>>;
  readonly write: Readonly<Record<string, string>>;
  readonly signal: Readonly<Record<string, string>>;
  readonly connect: Readonly<Record<string, string>>;
}

/** Runs in the place of the vision program: gets what to try over the connection of the core, and answers with what happened. Ignores the end of the connection. */
const payload = `
const fs = require('node:fs'), net = require('node:net');
const core = new net.Socket({ fd: 3 });
core.on('error', () => undefined);
core.on('end', () => undefined);
setInterval(() => undefined, 1000);
const outcome = (work) => { try { work(); return 'ok'; } catch (error) { return error.code; } };
const each = (items, work) => Object.fromEntries(items.map((item) => [item, outcome(() => work(item))]));
const reach = (target) => new Promise((resolve) => {
  const [host, port] = target.split(' ');
  const socket = port === undefined ? net.connect(host) : net.connect(Number(port), host);
  const end = (said) => { socket.destroy(); resolve([target, said]); };
  // What an address filter refuses is dropped in silence.
  socket.setTimeout(2000, () => end('silence'));
  socket.once('connect', () => end('ok')).once('error', (error) => end(error.code));
});
core.on('data', async (text) => {
  // The core only says that it works.
  if (String(text).trim() === '') return;
  const order = JSON.parse(text);
  core.write(JSON.stringify({
    uid: process.getuid(),
    root: fs.readdirSync('/'),
    run: fs.readdirSync('/run'),
    pids: fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).map(Number),
    read: each(order.read, (path) => fs.statSync(path).isDirectory() ? fs.readdirSync(path) : fs.readFileSync(path)),
    write: each(order.write, (path) => fs.writeFileSync(path + '/trace', 'x')),
    signal: each(order.signal, (pid) => process.kill(Number(pid), order.with ?? 0)),
    connect: Object.fromEntries(await Promise.all(order.connect.map(reach))),
  }) + '\\n');
});
`;

/** Two more templates with the walls of vision, and the payload. */
const trialUnits = `
cat > /opt/rollcall/payload.cjs
cd /etc/systemd/system
for kind in cameras photos; do
  sed "s|^\\(ExecStart=.*\\)|\\1 /opt/rollcall/payload.cjs|" rollcall-vision-$kind@.service > rollcall-vision-trial-$kind@.service
  sed "s|$kind.sock|trial-$kind.sock|" rollcall-vision-$kind.socket > rollcall-vision-trial-$kind.socket
done
mkdir -p rollcall-vision-trial-.service.d
printf '[Service]\\nWatchdogSec=10\\n' > rollcall-vision-trial-.service.d/20-short.conf
systemctl daemon-reload
systemctl start rollcalld rollcall-vision-trial-cameras.socket rollcall-vision-trial-photos.socket`;

/** The core says something often. */
const pings = 'setInterval(() => socket.write(" "), 200);';

/** As the core, connects to a trial socket, sends the order, and prints the answer. */
const asCore = (kind: string, order: object): string => `runuser -u rollcall -- ${node} -e '
  const socket = require("net").connect("/run/rollcall-vision/trial-${kind}.sock");
  let said = "";
  socket.write(JSON.stringify(${JSON.stringify(order)}));
  ${pings}
  socket.on("data", (text) => { said += text; if (said.endsWith("\\n")) { process.stdout.write(said, () => process.exit()); } });
  socket.on("error", (error) => { console.error(error.message); process.exit(1); })'`;

const nothing = { read: [], write: [], signal: [], connect: [] };

/** Lines of the shell that wait until no unit of a trial is left. */
const untilNone = `until [ -z "$(systemctl list-units --plain --no-legend 'rollcall-vision-trial-*@*')" ]; do sleep 0.1; done`;

async function tryFrom(box: BootedBox, kind: 'cameras' | 'photos', order: object): Promise<Found> {
  return JSON.parse(await box.must(asCore(kind, { ...nothing, ...order }))) as Found;
}

test('vision processes in units of the installed service', {
  skip: withoutBootedBox || withoutBuild,
}, async (t) => {
  await using box = await bootBox();
  await setUpUnits(box);
  // Everything below also shows that the units are enough for it.
  await box.must(`echo 'vision: { isolation: required }' >> /etc/rollcall/rollcall.yaml`);
  await box.must(trialUnits, payload);
  await t.test('the service uses them and says so', () => reported(box));
  await t.test('they see and reach nothing of the box', () => confined(box));
  await t.test('one for photos has no network', () => unconnected(box));
  await t.test('a camera that is created over the API streams', () => streams(box));
  await t.test('each has a user of its own', () => separated(box));
  await t.test('nothing of one outlives its connection', () => ended(box));
  await t.test('one whose core is silent ends', () => endedBySilence(box));
  await t.test('they end with the core, and the next core has new ones', () => boundToCore(box));
  await t.test(
    'a network that one for photos finds is reported, and refused where isolation is required',
    () => networked(box),
  );
  await t.test('without a socket, a service that requires isolation does not start', () => required(box));
  await t.test('without the socket of photos, cameras keep their units, and the service says so', () =>
    missing(box),
  );
});

const rollcall = `${node} ${programOfBox('rollcall.js')}`;
const doctor = `${rollcall} doctor || true`;

async function reported(box: BootedBox): Promise<void> {
  assert.match(
    await box.must(doctor),
    /^ok +isolation: full(?:; a vision process could still fill the memory)?$/m,
  );
}

const secrets = [
  '/etc/rollcall',
  '/var/lib/rollcall',
  '/run/rollcall',
  '/etc/passwd',
  '/var/log',
  '/root',
  '/home',
];

async function confined(box: BootedBox): Promise<void> {
  // A service of the machine, one in a private network, and one elsewhere: also where cameras are.
  await box.must(`
    ip address add 10.1.2.3/32 dev lo; ip address add 203.0.113.9/32 dev lo
    systemd-run --quiet --unit listener ${node} -e 'require("net").createServer((socket) => socket.destroy()).listen(7000, "0.0.0.0")'
    until (: < /dev/tcp/127.0.0.1/7000) 2> /dev/null; do sleep 0.1; done`);
  const core = (await box.must('systemctl show --value --property MainPID rollcalld')).trim();
  const found = await tryFrom(box, 'cameras', {
    read: [...secrets, `/proc/${core}/status`, '/opt/rollcall/current/models/manifest.json'],
    write: ['/', '/opt', '/usr', '/etc', '/dev/shm', '/tmp', '/var/tmp', '/run/rollcall-gate/live'],
    signal: [core, '1'],
    connect: [
      ...['/run/rollcall/control.sock', '/run/rollcall-gate/gate.sock', '/run/dbus/system_bus_socket'],
      ...['127.0.0.1 7000', '203.0.113.9 7000', '10.1.2.3 7000', '/run/rollcall-vision/lines/lines.sock'],
    ],
  });
  const refusedAt = (facts: Readonly<Record<string, string>>): readonly string[] =>
    Object.entries(facts).flatMap(([what, said]) => (said === 'ok' ? [] : [what]));
  assert.deepEqual(refusedAt(found.read), [...secrets, `/proc/${core}/status`]);
  assert.deepEqual(refusedAt(found.write), ['/', '/opt', '/usr', '/etc', '/dev/shm', '/tmp', '/var/tmp']);
  assert.deepEqual(refusedAt(found.signal), ['1', core]);
  assert.deepEqual(
    Object.entries(found.connect).filter(([, said]) => said === 'ok'),
    [['/run/rollcall-vision/lines/lines.sock', 'ok']],
  );
  assert.equal(found.pids.length, 1, 'itself alone');
  assert.deepEqual(
    found.root.filter((name) => ['home', 'boot', 'srv', 'mnt'].includes(name)),
    [],
  );
  // The name and version of the system are in `host`, where systemd 257 puts them.
  const run = found.run.filter((name) => name !== 'host').toSorted();
  assert.deepEqual(run, ['rollcall-gate', 'rollcall-vision', 'systemd']);
}

async function unconnected(box: BootedBox): Promise<void> {
  const found = await tryFrom(box, 'photos', {
    read: [...secrets, '/run/rollcall-gate'],
    connect: ['10.1.2.3 7000', '127.0.0.1 7000'],
  });
  assert.ok(Object.values(found.read).every((said) => said !== 'ok'));
  assert.ok(Object.values(found.connect).every((said) => said !== 'ok'));
}

/** The camera is at an address of the box itself, which only the owner can allow. */
async function streams(box: BootedBox): Promise<void> {
  await box.must(`
    ip address add 192.0.2.10/32 dev lo
    ffmpeg -v error -f lavfi -i testsrc2=size=640x360:rate=10 -t 5 -g 10 -pix_fmt yuv420p /root/clip.mp4
    systemd-run --quiet --unit camera --working-directory "$PWD" ${node} --import tsx scripts/virtual-camera/main.ts \
      serve --address 192.0.2.10 --port 554 --clip /root/clip.mp4
    until (: < /dev/tcp/192.0.2.10/554) 2> /dev/null; do sleep 0.1; done
    echo 'api: { cameraNetworks: [192.0.2.0/24] }' >> /etc/rollcall/rollcall.yaml
    systemctl reload rollcalld
    ${rollcall} camera add yard rtsp://192.0.2.10/clip --name Yard
    ${rollcall} camera add gate rtsp://192.0.2.10/clip --name Gate --transport udp
    until [ "$(${rollcall} status --json | grep -oE '"state": ?"streaming"' | wc -l)" = 2 ]; do sleep 0.2; done
    systemctl stop camera`);
}

/** The process of a trial that is still connected, in the background of the shell. `saying`: what the core does meanwhile. */
const held = (saying: string): string => `
  coproc { runuser -u rollcall -- ${node} -e '
    const socket = require("net").connect("/run/rollcall-vision/trial-cameras.sock");
    socket.on("connect", () => console.log("connected")); process.stdin.resume().on("end", () => process.exit()); ${saying}'; }
  read -ru "\${COPROC[0]}"
  instance() { systemctl list-units --plain --no-legend 'rollcall-vision-trial-cameras@*' | awk '{ print $1 }'; }
  until unit=$(instance | grep .) && main=$(systemctl show --value --property MainPID $unit) && worker=$(pgrep --parent $main); do sleep 0.1; done
`;
const holding = held(pings);

async function separated(box: BootedBox): Promise<void> {
  const order = asCore('cameras', { ...nothing, signal: ['WORKER'] }).replace('WORKER', `'"$worker"'`);
  const said = await box.must(`${untilNone}
    ${holding}
    stat -c %u /proc/$worker
    ${order}
    kill -0 $worker
    exec {COPROC[1]}>&-`);
  const [uid = '', answer = ''] = said.split('\n');
  const found = JSON.parse(answer) as Found;
  assert.notEqual(found.uid, Number(uid), 'the users of two at once');
  assert.equal(found.pids.length, 1, 'one does not see the other');
  assert.deepEqual(Object.values(found.signal), ['EPERM']);
}

async function ended(box: BootedBox): Promise<void> {
  // The payload ignores the end.
  assert.equal(
    await box.must(`${untilNone}\n${holding}
      exec {COPROC[1]}>&-
      ${untilNone}
      kill -0 $worker 2> /dev/null && echo outlives || echo ended`),
    'ended\n',
  );
  // One that stops its main process, so that it cannot see the end.
  assert.equal(
    await box.must(`${untilNone}\n${holding}
      kill -STOP $main
      exec {COPROC[1]}>&-
      ${untilNone}
      kill -0 $worker 2> /dev/null && echo outlives || echo ended`),
    'ended\n',
  );
}

async function endedBySilence(box: BootedBox): Promise<void> {
  assert.equal(
    await box.must(`${untilNone}\n${held('')}
      ${untilNone}
      journalctl --unit $unit --output cat | grep --only-matching 'Watchdog timeout'
      exec {COPROC[1]}>&-`),
    'Watchdog timeout\n',
  );
}

async function boundToCore(box: BootedBox): Promise<void> {
  const running = `systemctl list-units --plain --no-legend 'rollcall-vision-cameras@*' | awk '{ print $1 }'`;
  assert.equal(
    await box.must(`
      before=$(${running})
      systemctl kill --signal KILL --kill-who main rollcalld
      until after=$(${running} | grep .) && [ "$after" != "$before" ]; do sleep 0.1; done
      while systemctl is-active --quiet $before; do sleep 0.1; done
      systemctl stop rollcalld
      ${running}; systemctl is-active rollcall-vision-cameras.socket || true`),
    'inactive\n',
  );
}

/** Prints the status of the answer. */
const askOfPhoto = `curl --silent --output /dev/null --write-out '%{http_code}\\n' --unix-socket /run/rollcall/control.sock \\
  --form picture=@node_modules/@vladmandic/face-api/demo/sample6.jpg http://box/api/v1/detect`;

/** A drop-in of somebody takes the network namespace away. */
async function networked(box: BootedBox): Promise<void> {
  const about = async (): Promise<readonly string[] | undefined> => {
    const { conditionsAbout } = JSON.parse(await box.must(`${rollcall} status --json`)) as BoxStatus;
    return conditionsAbout?.['isolation-weakened'];
  };
  const dropIn = '/etc/systemd/system/rollcall-vision-photos@.service.d';
  const answered = await box.must(`systemctl start rollcalld
    mkdir ${dropIn}; printf '[Service]\nPrivateNetwork=no\n' > ${dropIn}/20-open.conf
    systemctl daemon-reload
    ${askOfPhoto}
    until ${rollcall} status --json | grep isolation-weakened > /dev/null; do sleep 0.2; done`);
  assert.equal(answered, '503\n', 'no photo is analysed');
  assert.deepEqual(await about(), ['network']);
  assert.match(await box.must(doctor), /^warning +isolation: full; .*reach other addresses/m);
  const repaired = await box.must(`rm -r ${dropIn}; systemctl daemon-reload
    ${askOfPhoto}
    while ${rollcall} status --json | grep isolation-weakened > /dev/null; do sleep 0.2; done
    systemctl stop rollcalld`);
  assert.equal(repaired, '200\n');
}

async function required(box: BootedBox): Promise<void> {
  const { stdout } = await box.run(`
    rm /etc/systemd/system/rollcall-vision-photos.socket
    systemctl daemon-reload
    ! systemctl start rollcalld && journalctl --unit rollcalld --lines 20 --output cat
    systemctl stop rollcalld`);
  assert.match(stdout, /vision processes cannot be isolated: .*photos\.sock is missing/);
}

async function missing(box: BootedBox): Promise<void> {
  await box.must("sed -i '/isolation: required/d' /etc/rollcall/rollcall.yaml; systemctl start rollcalld");
  assert.match(await box.must(doctor), /^warning +isolation: none; .*photos\.sock is missing/m);
  assert.match(
    await box.must(`systemctl list-units --plain --no-legend 'rollcall-vision-cameras@*'`),
    /^rollcall-vision-cameras@\S+ +loaded +active/m,
  );
}
