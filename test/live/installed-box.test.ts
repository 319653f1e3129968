import assert from 'node:assert/strict';
import { relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BootedBox, bootBox, checkoutOfBox, withoutBootedBox } from '../support/booted-box.js';
import { runProgram, withoutBuild } from '../support/box.js';
import { root } from '../support/built.js';
import { docBlocks, shellPages } from '../support/doc-blocks.js';
import { withoutMosquitto } from '../support/mosquitto.js';
import { visitorClip } from '../support/scenes.js';

test('scripts/setup --help and an unknown option install nothing', async () => {
  const help = await runProgram('scripts/setup', ['--help']);
  assert.equal(help.exitCode, 0, help.stderr);
  assert.match(help.stdout, /--with-tests/);
  assert.doesNotMatch(help.stdout, /^==/m);
  for (const options of [['--wiht-tests'], ['--with-tests', 'more']]) {
    const refused = await runProgram('scripts/setup', options);
    assert.equal(refused.exitCode, 2);
    assert.match(refused.stderr, /setup does not know ".*"\n {2}what to do: Run scripts\/setup --help/);
    assert.equal(refused.stdout, '');
  }
});

test('a machine becomes a box and stays one', {
  skip: withoutBootedBox || withoutBuild || withoutMosquitto,
}, async (t) => {
  const clip = relative(root, await visitorClip('ada'));
  await using box = await bootBox();
  const pages = pageRunner(box);
  await t.test('it waits for another package installation', () => waitsForApt(box));
  await t.test('it removes build packages after use', () => takesBack(box));
  await t.test('an unsuitable machine is refused, and nothing changes', () => refusals(box));
  await t.test('a killed installation does not block the next one', () => killed(box));
  await t.test('README.md leads to a ready box', () => installs(box, pages));
  await t.test('docs/how-to/connect-the-broker.md connects the box to a broker', () =>
    reachesBroker(box, pages),
  );
  await t.test('the first event of a person arrives', () => firstEvent(box, pages, clip));
  await t.test('the commands of other how-to pages work', () => otherPages(pages));
  await t.test('it recovers by itself after a power cut and after a hang', () => goesOn(box));
  await t.test('a second run changes nothing', () => secondRun(box));
  await t.test('doctor names missing walls, and a second run starts a stopped socket', () =>
    findsMissingWalls(box),
  );
  await t.test('plain key files become credentials with the same keys', () => movesKeys(box));
  await t.test('a box with the layout before units of vision is updated in one step', () =>
    updatesLayout(box),
  );
  await t.test('a version that does not start is rolled back', () => brokenVersion(box));
  await t.test('its keys can be replaced as the pages describe', () => rotates(box, pages));
  await t.test('--uninstall keeps data, --purge removes them', () => uninstalls(box));
  await t.test('it runs with a key in a file and with a key from a passphrase', () => otherKeys(box));
  await t.test('it is taken out of service with a certificate', () => outOfService(box, pages));
  await t.test('every block of the pages was run', () => pages.allRan(t));
});

/** The pages whose shell blocks run on the machine. */
const pagesOfBox = Object.keys(shellPages).filter((page) => import.meta.url.endsWith(shellPages[page] ?? ''));

/** The environment of a reader: sudo, and a subscriber for this broker that ends after one message. */
const surroundings = `
command -v sudo > /dev/null || sudo() { "$@"; }
mosquitto_sub() {
  command mosquitto_sub -W 60 -C "\${messages:-1}" -p 8883 \\
    --cafile /root/ca.pem --cert /root/centre.pem --key /root/centre.key "$@"
}
`;

interface PageRunner {
  /** Runs the next blocks of a page, one by default, in the home directory of root; resolves with what they wrote. */
  run(page: string, options?: { readonly count?: number; readonly before?: string }): Promise<string>;
  /** Fails if a block was skipped without a reason; reports the reasons of the others. */
  allRan(t: TestContext): void;
}

function pageRunner(box: BootedBox): PageRunner {
  const left = new Map(pagesOfBox.map((page) => [page, docBlocks(page)]));
  return {
    async run(page, { count = 1, before = '' } = {}) {
      const runnable = (left.get(page) ?? []).filter(({ notRun }) => notRun === undefined);
      assert.ok(runnable.length >= count, `${page} has no more blocks`);
      left.set(page, runnable.slice(count));
      const home = page === 'README.md' ? '' : 'cd /root\n';
      const text = runnable.slice(0, count).map((block) => block.text);
      return box.must(`${surroundings}${home}${before}\n${text.join('\n')}`);
    },
    allRan(t) {
      for (const page of pagesOfBox) {
        for (const { place, notRun } of docBlocks(page).filter((block) => block.notRun !== undefined)) {
          t.diagnostic(`${place} is not run: ${notRun}`);
        }
      }
      const forgotten = [...left.values()].flat().filter(({ notRun }) => notRun === undefined);
      assert.deepEqual(forgotten, []);
    },
  };
}

/** A repository of three small packages on the machine itself instead of Debian's, and `hold FILE`, which locks one as apt does. */
const smallRepository = `
mkdir -p /srv/packages && cd /srv/packages
package() {
  mkdir -p $1/DEBIAN
  printf 'Package: %s\\nVersion: 1\\nArchitecture: all\\nMaintainer: x\\nDescription: x\\n%s' $1 "\${2:-}" > $1/DEBIAN/control
  dpkg-deb --build $1 > /dev/null
  { dpkg-deb --field $1.deb; echo "Filename: ./$1.deb"; echo "Size: $(stat -c %s $1.deb)"
    echo "SHA256: $(sha256sum $1.deb | cut -c1-64)"; echo; } >> Packages
}
package trial-tool
package trial-library
package trial-compiler 'Depends: trial-library
'
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/packages ./' > /etc/apt/sources.list
`;
const hold = `
hold() {
  coproc { exec python3 -c 'import fcntl,sys; f=open(sys.argv[1],"w"); fcntl.lockf(f,fcntl.LOCK_EX); print("held",flush=True); sys.stdin.read()' $1; }
  read -ru "\${COPROC[0]}"
}
release() { exec {COPROC[1]}>&-; wait $COPROC_PID; }
`;

async function waitsForApt(box: BootedBox) {
  await box.must(smallRepository);
  const policy = '/usr/sbin/policy-rc.d';
  for (const [lock, name] of [
    ['/var/lib/apt/lists/lock', 'trial-tool'],
    ['/var/lib/dpkg/lock-frontend', 'trial-library'],
  ]) {
    const said = await box.must(`${hold}
      hold ${lock}
      rm -f ${policy}
      scripts/system-packages ${name} > /tmp/said 2>&1 & packages=$!
      until grep 'waiting for it' /tmp/said; do kill -0 $packages; done
      ! dpkg-query -W ${name} 2> /dev/null
      release
      wait $packages
      dpkg-query -W ${name}
      ! [ -e ${policy} ]`);
    assert.match(said, new RegExp(`another program is installing packages.*${name}\\t1`, 's'));
  }
  const late = await box.run(`${hold}
    hold /var/lib/apt/lists/lock
    ROLLCALL_APT_WAIT_S=0 scripts/system-packages trial-compiler || status=$?
    release
    exit \${status:-0}`);
  assert.equal(late.exitCode, 1);
  assert.match(late.stderr, /Could not get lock \/var\/lib\/apt\/lists\/lock.*process \d+/);
  assert.match(late.stderr, /what to do: Wait until it has ended, or end it/);
}

async function takesBack(box: BootedBox) {
  // Dependencies are noted before their installation, and packages that existed before stay.
  await box.must('apt-get purge -qq -y trial-library');
  assert.equal(
    await box.must(`
      scripts/system-packages --for-now /tmp/list trial-tool trial-compiler > /dev/null
      sort /tmp/list
      dpkg-query -W trial-compiler > /dev/null
      scripts/system-packages --take-back /tmp/list > /dev/null
      scripts/system-packages --take-back /tmp/list
      ls /tmp/list 2> /dev/null || true
      dpkg-query -W -f '\${Package} \${Status}\\n' 'trial-*'`),
    'trial-compiler\ntrial-library\ntrial-tool install ok installed\n',
  );
}

/** Runs a refused installation and returns its error. */
async function refused(box: BootedBox, before: string, options = ''): Promise<string> {
  const { exitCode, stderr, stdout } = await box.run(`${before} scripts/install ${options}`);
  assert.notEqual(exitCode, 0, stdout);
  assert.match(stderr, /^error: .+\n {2}what to do: [A-Z].+\.\n$/);
  return stderr;
}

async function refusals(box: BootedBox) {
  assert.match(await refused(box, '', '--keys file'), /unknown option "--keys"/);
  assert.match(await refused(box, '', '--key stone'), /"stone" is not a kind of key/);
  assert.match(await refused(box, '', '--purge'), /Use it with --uninstall\./);
  assert.match(
    await refused(box, 'setpriv --reuid nobody --clear-groups bash'),
    /only root can set up a box/,
  );
  assert.match(await refused(box, '', '--key tpm'), /Linux finds no TPM 2.0/);
  assert.match(await refused(box, '', '--node /bin/nothing'), /Node.js was not found/);
  const old =
    'printf "#!/bin/sh\\necho v18.20.4; exit 1\\n" > /usr/local/bin/old-node; chmod 755 /usr/local/bin/old-node;';
  assert.match(
    await refused(box, old, '--node /usr/local/bin/old-node'),
    /Node.js 20 \(from 20.19\), 22, 24 or 26 is needed, but .*old-node is v18.20.4/,
  );
  const hidden = 'cp /usr/local/bin/old-node /root/node;';
  assert.match(await refused(box, hidden, '--node=/root/node'), /the service cannot read \/root\/node/);
  const former =
    'mkdir /tmp/bin; printf "#!/bin/sh\\necho systemd 247\\n" > /tmp/bin/systemctl; chmod 755 /tmp/bin/systemctl; PATH=/tmp/bin:$PATH';
  assert.match(await refused(box, former), /systemd 247 is too old/);
  assert.match(
    await refused(box, 'mount -t tmpfs -o size=20m tmpfs /opt; trap "umount /opt" EXIT;'),
    /has only \d+ MB free\n {2}what to do: Free some space/,
  );
  assert.equal(
    await box.must('ls -d /opt/rollcall /etc/rollcall /usr/local/bin/rollcall 2> /dev/null || true'),
    '',
  );
}

async function killed(box: BootedBox) {
  await box.must(
    'scripts/setup --check || { echo the npm packages are not those of package-lock.json >&2; exit 1; }',
  );
  await box.must(`
    setsid scripts/install > /tmp/said 2>&1 & install=$!
    until [ -e /opt/rollcall/releases/.new/node_modules ]; do kill -0 $install; sleep 0.1; done
    kill -KILL -- -$install
    ! [ -e /opt/rollcall/current ]
    ! systemctl cat rollcalld 2> /dev/null`);
}

async function installs(box: BootedBox, pages: PageRunner) {
  const said = await pages.run('README.md');
  assert.match(said, /^ok {7}gallery: open, 0 persons$/m);
  assert.doesNotMatch(said, /^failed/m);
  // An installation that could not encrypt one says why; a later one would hand it over, and so change the box.
  assert.equal(
    await box.must('ls /etc/rollcall/credentials'),
    'accounts-key\naudit-key\nbox-key\nbox-key.next\ngallery-key\n',
    said,
  );
  assert.equal(
    await box.must('systemctl is-enabled rollcalld; systemctl is-active rollcalld'),
    'enabled\nactive\n',
  );
  // No development or test packages, no other version, no file that another user may write.
  assert.equal(
    await box.must(`
      cd /opt/rollcall
      ls -A releases | grep -vx "$(basename $(readlink current))" || true
      ls -d current/node_modules/{typescript,aedes,fast-check} current/test 2> /dev/null || true
      find . ! -user root -o ! -type l -perm /022`),
    '',
  );
  await box.must(`
    cd /opt/rollcall/current/dist/program/site
    grep -o 'assets/[^"]*' index.html | xargs ls`);
  assert.match(
    await box.must(
      'bash -ic "complete -p rollcall" 2> /dev/null || cat /usr/local/share/bash-completion/completions/rollcall',
    ),
    /complete .*rollcall/,
  );
  assert.match(await box.must('man -P cat rollcall'), /ROLLCALL\(1\)/);
  await pages.run('README.md');
}

async function reachesBroker(box: BootedBox, pages: PageRunner) {
  const page = 'docs/how-to/connect-the-broker.md';
  await box.must(`
    cp config/mosquitto-acl.example config/mosquitto.example.conf /root/
    echo 127.0.0.1 broker.example >> /etc/hosts`);
  await pages.run(page, { count: 3 });
  const [settings] = docBlocks(page, 'yaml');
  await box.must('cat > /etc/rollcall/rollcall.yaml', settings?.text);
  assert.match(await pages.run(page, { count: 2 }), /^rollcall\/plant-1\/box-1\/\S+ \{/);
  assert.match(await box.must('rollcall mqtt check'), /^ok {7}receive/m);
}

const cameraLogin = 'viewer:a p:ss';

async function firstEvent(box: BootedBox, pages: PageRunner, clip: string) {
  const [camera] = docBlocks('docs/how-to/add-a-camera.md', 'yaml');
  await box.must(
    `cat >> /etc/rollcall/rollcall.yaml
    ip address add 192.0.2.10/32 dev lo
    cp '${clip}' /root/stream2.mp4
    echo 'a p:ss' > /root/camera-password
    systemd-run --quiet --unit camera --working-directory "$PWD" /usr/bin/env node --import tsx scripts/virtual-camera/main.ts \\
      serve --address 192.0.2.10 --port 554 --clip /root/stream2.mp4 --user viewer --password-file /root/camera-password`,
    camera?.text,
  );
  assert.match(await box.must('rollcall doctor || true'), /^ok {7}isolation: full\b/m);
  // Answers the password prompt of systemd.
  const typing = `
    (until grep -hs ^Socket= /run/systemd/ask-password/ask.* > /root/asked; do sleep 0.1; done
    printf %s '${cameraLogin}' | /lib/systemd/systemd-reply-password 1 "$(cut -d= -f2 /root/asked)") &`;
  await pages.run('docs/how-to/add-a-camera.md', { before: typing });
  await box.must(
    `ffmpeg -v error -i node_modules/@vladmandic/face-api/demo/sample6.jpg -vf crop=412:412:152:432 /root/photo.jpg`,
  );
  // Subscribes before the first event, so that none is missed.
  await box.must(`
    systemd-run --quiet --unit listener --property StandardOutput=file:/root/heard /usr/bin/mosquitto_sub -h broker.example -p 8883 \\
      --cafile /root/ca.pem --cert /root/centre.pem --key /root/centre.key -q 1 -v -t 'rollcall/plant-1/box-1/#'
    until grep -q /state /root/heard; do sleep 0.1; done`);
  await pages.run('docs/how-to/enrol-people.md');
  const event = await box.must('until grep /event/attendance /root/heard; do sleep 0.2; done');
  assert.match(event, /"type":"rollcall.attendance.recorded.v1"/);
  assert.match(
    await pages.run('systemd/README.md'),
    /Active: active \(running\)[\s\S]*1 of 1 camera streaming/,
  );
  // Later steps need no camera.
  await box.must('systemctl stop camera listener');
}

async function otherPages(pages: PageRunner) {
  await pages.run('docs/reference/events.md');
  await pages.run('docs/reference/alerts.md');
  // All messages since before the first event.
  const before = 'rollcall identity show --jwks > keys.json; mosquitto_sub() { cat /root/heard; }';
  assert.match(
    await pages.run('docs/reference/delivery.md', { before }),
    /attendance[\s\S]*0 repeated; none missing/,
  );
  assert.match(await pages.run('docs/how-to/read-attendance.md'), /Ada Lovelace/);
  const why = 'docs/how-to/find-out-why-not-recorded.md';
  assert.match(await pages.run(why), /Ada Lovelace +attended +attended /);
  assert.match(await pages.run(why), /attendance/);
  const logs = 'docs/how-to/find-log-lines.md';
  assert.match(await pages.run(logs), /rollcalld\[\d+\]: \{.*"camera":"front-door"/);
  await pages.run(logs);
  assert.match(await pages.run(logs), /^front-door$/m);
  assert.match(await pages.run(logs), /^\{.*"camera":"front-door".*\}$/m);
  await pages.run('docs/how-to/enrol-people.md');
  // After the backup, the person is erased here and imported again, as on another box.
  await pages.run('docs/how-to/back-up-and-restore.md', { count: 4 });
  await pages.run('docs/how-to/answer-a-request.md', { count: 2 });
  assert.match(await pages.run('docs/how-to/enrol-people.md'), /1 row/);
}

/** Facts about the daemon: its start time, the number of restarts, and whether it is ready. */
const life = "systemctl show rollcalld --property MainPID,NRestarts,ActiveState --value | paste -sd ' '";
const untilStartedAgain = `until ! [ "$(${life})" = "$before" ] && systemctl is-active --quiet rollcalld; do sleep 0.2; done`;

async function goesOn(box: BootedBox) {
  // Kills everything without time to clean up. On a busy machine, systemd can read a process that is just ending as an input/output
  // error: then it has killed the main process, and kills the rest before it starts the unit again.
  const soon = '/run/systemd/system/rollcalld.service.d/soon.conf';
  await box.must(`
    mkdir -p $(dirname ${soon})
    printf '[Service]\\nWatchdogSec=5\\nTimeoutAbortSec=1\\n' > ${soon}
    systemctl daemon-reload
    before=$(${life})
    systemctl kill --signal SIGKILL --kill-who all rollcalld || true
    ${untilStartedAgain}
    rm ${soon}
    rollcall status --json | jq -e '.gallery.persons == 1'`);
  await box.must(`
    before=$(${life})
    kill -STOP $(systemctl show rollcalld --property MainPID --value)
    systemctl daemon-reload
    ${untilStartedAgain}
    journalctl --unit rollcalld --output cat | grep 'Watchdog timeout'`);
}

async function secondRun(box: BootedBox) {
  const state = `${life}; find /etc/rollcall /etc/systemd/system/rollcalld* /usr/local /opt/rollcall ! -type d ! -name .verified.json -printf '%p %T@ %s\\n' | sort`;
  const before = await box.must(state);
  assert.match(await box.must('scripts/install'), /nothing changed; rollcalld keeps running/);
  const after = await box.must(state);
  assert.deepEqual(
    after.split('\n').filter((line) => !before.includes(line)),
    [],
  );
}

async function findsMissingWalls(box: BootedBox) {
  const doctor = 'rollcall doctor || true';
  assert.match(await box.must(doctor), /^ok {7}walls: 9 units as installed$/m);
  // A drop-in that takes away the network namespace, and one of ours that is gone.
  await box.must(`
    cd /etc/systemd/system
    rm rollcall-gate.service.d/10-gate.conf
    printf '[Service]\\nPrivateNetwork=no\\n' > rollcall-vision-.service.d/own.conf
    systemctl daemon-reload; systemctl restart rollcalld`);
  const weak = await box.must(doctor);
  assert.match(weak, /^warning {2}walls of rollcall-gate\.service: .*10-gate\.conf is missing$/m);
  assert.match(
    weak,
    /^warning {2}walls of rollcall-vision-cameras@\.service: PrivateNetwork=no in place of/m,
  );
  await box.must(`${untilCondition('network')}; rm /etc/systemd/system/rollcall-vision-.service.d/own.conf`);
  // One socket is gone, and its file with it: the daemon starts vision processes without units.
  await box.must(`
    rm /etc/systemd/system/rollcall-vision-photos.socket
    systemctl stop rollcall-vision-photos.socket; systemctl daemon-reload; systemctl restart rollcalld
    ${untilCondition('units')}`);
  assert.match(
    await box.must(doctor),
    /^warning {2}walls of rollcall-vision-photos\.socket: .* is missing$/m,
  );
  // With all files in place again, the socket is still stopped, so a second run starts it.
  await box.must(`
    cp systemd/rollcall-vision-photos.socket /etc/systemd/system/
    cp systemd/rollcall-gate.service.d/10-gate.conf /etc/systemd/system/rollcall-gate.service.d/
    systemctl daemon-reload
    scripts/install
    until ! rollcall status --json | grep isolation-weakened; do sleep 0.2; done`);
  assert.match(await box.must(doctor), /^ok {7}walls: 9 units as installed$/m);
}

/** Waits until the box reports that a wall is missing. */
const untilCondition = (wall: string): string =>
  `until rollcall status --json | jq -e '.conditionsAbout["isolation-weakened"] == ["${wall}"]'; do sleep 0.2; done`;

async function movesKeys(box: BootedBox) {
  const plain = 'ls /var/lib/rollcall/keys/audit-key /var/lib/rollcall/keys/box-key 2> /dev/null || true';
  assert.equal(await box.must(plain), '', 'a new box has none there');
  assert.match(await box.must('rollcall doctor || true'), /^ok {7}keys beside the data: none$/m);
  const facts = 'rollcall identity show | sed -n 1,2p; rollcall audit verify';
  // As an earlier version stored them.
  await box.must(`
    cd /etc/rollcall/credentials
    for name in audit-key box-key; do
      systemd-creds decrypt --name=$name $name - | install -m 600 -o rollcall -g rollcall /dev/stdin /var/lib/rollcall/keys/$name
    done
    rm audit-key box-key box-key.next
    cd /etc/systemd/system/rollcalld.service.d
    rm audit-key.conf box-key.conf box-key.next.conf
    systemctl daemon-reload
    systemctl restart rollcalld`);
  const [before = ''] = (await box.must(facts)).split('\n');
  assert.match(
    await box.must('rollcall doctor || true'),
    /^warning {2}keys beside the data: .*audit-key.*box-key/m,
  );
  assert.match(await box.must('scripts/install'), /handing over box-key as a systemd credential/);
  assert.equal(await box.must(plain), '');
  const after = await box.must(facts);
  assert.equal(after.split('\n')[0], before);
  assert.doesNotMatch(after, /not proven|broken/i);
  assert.match(await box.must('rollcall doctor || true'), /^ok {7}keys beside the data/m);
  // A daemon that was taken over has put a link there, as long as the key.
  const handedOver = await box.must(`
    cd /etc/rollcall/credentials
    printf %064d 0 > /root/secret
    mv box-key /etc/systemd/system/rollcalld.service.d/box-key.conf /root/
    runuser -u rollcall -- ln -s $(printf '/%.0s' {1..53})root/secret /var/lib/rollcall/keys/box-key
    bash -euo pipefail -c 'cd ${checkoutOfBox}; . scripts/box-steps; handOver box-key 64'
    ls box-key 2> /dev/null || echo nothing
    rm -f /var/lib/rollcall/keys/box-key
    mv /root/box-key .; mv /root/box-key.conf /etc/systemd/system/rollcalld.service.d/`);
  assert.equal(handedOver, 'nothing\n', 'root reads no file for the daemon');
}

async function updatesLayout(box: BootedBox) {
  // As an earlier version left it. Its unit had the walls that are a drop-in now.
  await box.must(`
    systemctl stop rollcalld
    cd /etc/systemd/system
    rm -r rollcall-vision-*.socket rollcall-vision-*@.service rollcall-.service.d rollcall-vision-.service.d
    printf '# Made by scripts/install --gpu. A driver is a large attack surface.\\n[Service]\\nDeviceAllow=/dev/dri/renderD128 rw\\n' > rollcalld.service.d/gpu.conf
    chmod 2750 /run/rollcall-gate/live
    systemctl daemon-reload; systemctl start rollcalld`);
  assert.match(await box.must('rollcall doctor || true'), /^warning {2}isolation: none/m);
  // Its models lie in a folder that vision processes do not see, and at first could not read either.
  const models = await box.run(`
    install -d -m 700 -o rollcall /srv/models
    cp -r models/build /srv/models/
    echo 'models: { dir: /srv/models }' >> /etc/rollcall/rollcall.yaml
    scripts/install`);
  assert.match(
    models.stderr,
    /vision processes cannot read \/srv\/models [\s\S]*Run 'chmod -R o\+rX \/srv\/models'/,
  );
  await box.must('chmod -R o+rX /srv/models; scripts/install');
  assert.match(await box.must('rollcall doctor || true'), /^ok {7}isolation: full\b/m);
  assert.equal(
    await box.must(`
      cd /etc/systemd/system
      ls rollcalld.service.d/gpu.conf 2> /dev/null || true
      grep DeviceAllow rollcall-vision-.service.d/gpu.conf
      grep BindReadOnlyPaths rollcall-vision-.service.d/models.conf
      rm rollcall-vision-.service.d/gpu.conf; systemctl daemon-reload
      stat -c %a /run/rollcall-gate/live`),
    'DeviceAllow=/dev/dri/renderD128 rw\nBindReadOnlyPaths=-/srv/models\n3753\n',
  );
}

async function brokenVersion(box: BootedBox) {
  const before = await box.must('readlink /opt/rollcall/current');
  // The new version has a unit and a drop-in that the former one has not. Its program is the same: to build another one takes long.
  const trial = 'systemd/run-rollcall\\x2dtrial.mount';
  const broken = await box.run(`
    sed 's|/run/rollcall-gate/live|/run/rollcall-trial|' 'systemd/run-rollcall\\x2dgate-live.mount' > '${trial}'
    sed -i 's|^Wants=network-online|Wants=run-rollcall\\\\x2dtrial.mount network-online|' systemd/rollcalld.service
    printf '[Service]\\nExecStart=\\nExecStart=/bin/false\\n' > systemd/rollcalld.service.d/20-trial.conf
    scripts/install`);
  assert.equal(broken.exitCode, 1);
  assert.match(broken.stderr, /the new version of rollcalld does not start; the former one runs again/);
  assert.equal(
    await box.must('systemctl is-active rollcalld; readlink /opt/rollcall/current'),
    `active\n${before}`,
  );
  assert.equal(
    await box.must(`
      findmnt --noheadings /run/rollcall-trial || true
      find /etc/systemd/system -name '*trial*'
      systemctl list-units --all --plain --no-legend --type mount '*trial*'`),
    '',
    'nothing is left of its units',
  );
  // A configuration error is reported earlier.
  const wrong = await box.run('echo camras: [] >> /etc/rollcall/rollcall.yaml; scripts/install');
  assert.match(wrong.stdout + wrong.stderr, /camras[\s\S]*Nothing was changed/);
  assert.equal(await box.must('readlink /opt/rollcall/current'), before);
  await box.must(`
    sed -i /camras/d /etc/rollcall/rollcall.yaml
    rm '${trial}' systemd/rollcalld.service.d/20-trial.conf; sed -i 's|run-rollcall[^ ]*trial.mount ||' systemd/rollcalld.service`);
}

async function rotates(box: BootedBox, pages: PageRunner) {
  const page = 'docs/how-to/rotate-keys.md';
  const shown = 'systemd-creds decrypt --name=gallery-key /etc/rollcall/credentials/gallery-key - | base64';
  const before = await box.must(shown);
  assert.match(await pages.run(page), /open/);
  const after = await pages.run(page);
  assert.equal(Buffer.from(after, 'base64').length, 32);
  assert.notEqual(after, before);
  await pages.run('docs/reference/identity.md', { before: verifiable });
  const fingerprint = /fingerprint.*/i;
  const former = fingerprint.exec(await box.must('rollcall identity show'))?.[0];
  const rotated = await pages.run(page);
  const present = fingerprint.exec(rotated)?.[0];
  assert.ok(former !== undefined && present !== undefined && former !== present, rotated);
  assert.equal(
    fingerprint.exec(await box.must('rollcall identity rotate --yes; rollcall identity show'))?.[0] ===
      present,
    false,
  );
  assert.doesNotMatch(await pages.run(page), /not proven|broken/i);
}

/** The message and the key that docs/reference/identity.md shows; other tests alter them. */
const [message, key] = docBlocks('docs/reference/identity.md', 'json').map(({ text }) => text.trimEnd());
const verifiable = `echo '${message}' > message.json; echo '${key}' > key.json`;

async function uninstalls(box: BootedBox) {
  await box.must('/opt/rollcall/current/scripts/install --uninstall');
  assert.equal(
    await box.must(`
      ! systemctl cat rollcalld 2> /dev/null
      systemctl list-units --all --plain --no-legend --type service,socket,mount '*rollcall*'
      ls /etc/systemd/system | grep -E 'rollcall.*\\.(service|socket|mount)$' || true
      findmnt --noheadings --list --output TARGET | grep rollcall || true
      ls -d /opt/rollcall/current /opt/rollcall/releases /usr/local/bin/rollcall* 2> /dev/null || true
      ls /var/lib/rollcall/gallery.db /etc/rollcall/rollcall.yaml /etc/rollcall/credentials/gallery-key
      id -un rollcall`),
    '/etc/rollcall/credentials/gallery-key\n/etc/rollcall/rollcall.yaml\n/var/lib/rollcall/gallery.db\nrollcall\n',
  );
  // A missing key is never replaced by a new one.
  const away =
    'mv /etc/rollcall/credentials/gallery-key /etc/systemd/system/rollcalld.service.d/gallery-key.conf /root/;';
  assert.match(await refused(box, away), /the gallery .*gallery.db exists, but its key .* is missing/);
  const unsure = await box.run('scripts/install --uninstall --purge');
  assert.match(unsure.stderr, /Add --yes/);
  await box.must(`
    scripts/install --uninstall --purge --yes
    ! ls -d /etc/rollcall /var/lib/rollcall /opt/rollcall /etc/systemd/system/rollcalld* 2> /dev/null
    ! id rollcall 2> /dev/null`);
}

async function otherKeys(box: BootedBox) {
  const purge = 'scripts/install --uninstall --purge --yes';
  const named = 'ROLLCALL_SITE=plant-2 ROLLCALL_BOX=box-2 scripts/install --key file; rollcall status';
  assert.match(await box.must(`${named}; ${purge}`), /ok {7}gallery: open[\s\S]*plant-2[\s\S]*box-2/);
  // A terminal: the names are asked for, a wrong one again, and Enter takes what is proposed.
  const answers = 'Plant 3\nplant-3\n\nn\n';
  const asked = `script -qec 'scripts/install --key file' /dev/null; grep -E '^  id: ' /etc/rollcall/rollcall.yaml; ${purge}`;
  assert.match(
    await box.must(asked, answers),
    /Use lower-case letters[\s\S]*^ {2}id: plant-3\r?\n {2}id: box\r?$/m,
  );
  const passphrase = 'six random words on a sheet';
  const sealed = await box.must('scripts/install --key passphrase; rollcall key status', passphrase);
  assert.match(sealed, /open[\s\S]*passphrase/);
  const after = await box.run('systemctl restart rollcalld; rollcall key status');
  assert.match(after.stdout, /sealed/);
  assert.match(await box.must('rollcall key unlock; rollcall key status', passphrase), /open/);
  assert.match(await refused(box, '', '--key file'), /is already kept as: passphrase/);
}

/** The box that the step before has left. */
async function outOfService(box: BootedBox, pages: PageRunner) {
  const page = 'docs/how-to/take-a-box-out-of-service.md';
  const said = await pages.run(page, { count: 3 });
  assert.match(said, /certificate is in \/root\/erased\.json\.\n1: valid/);
  assert.match(await box.must('cat /root/erased.json'), /"keys":\[.*"audit-key".*"box-key"/);
  assert.equal(
    await box.must('find /etc/rollcall/credentials /etc/rollcall/secrets /var/lib/rollcall -mindepth 1'),
    '',
  );
}
