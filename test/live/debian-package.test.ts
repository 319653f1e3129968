import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BootedBox, bootBox, checkoutOfBox, withoutBootedBox } from '../support/booted-box.js';
import { type CommandResult, withoutBuild } from '../support/box.js';
import { root } from '../support/built.js';
import { docBlocks } from '../support/doc-blocks.js';

const withoutTools =
  ['dpkg-deb', 'reprepro', 'gpg', 'gpg-agent'].some((name) => !existsSync(join('/usr/bin', name))) &&
  'dpkg-deb, reprepro, or gnupg is not installed (scripts/setup --with-tests)';

// A package of this checkout and its Node.js: `scripts/platforms package` tries the one that scripts/package builds, on a bare Debian.
test('a machine becomes a box by the Debian package and stays one', {
  skip: withoutBootedBox || withoutBuild || withoutTools,
}, async (t) => {
  await using packages = await makePackages();
  await using box = await bootBox();
  const pages = pageRunner(box);
  await box.must(`
    ln -s ${checkoutOfBox}/${packages.name} /root/made
    ln -s made/first /root/packages
    ln -s made/second /root/update
    # What the packages depend on is there, and there is no network.
    mkdir /root/sources
    mv /etc/apt/sources.list* /root/sources/
    touch /etc/apt/sources.list; mkdir /etc/apt/sources.list.d
    # Another program may have been installing something when the machine took over its files.
    rm -f /usr/sbin/policy-rc.d
    dpkg --configure --pending`);
  await t.test('its page leads to a box', () => installs(box, pages));
  await t.test('settings that the new version refuses leave the former one running', () =>
    refuses(box, pages),
  );
  await t.test('with corrected settings, the update goes on and keeps the gallery', () => goesOn(box, pages));
  await t.test('a version that does not start is rolled back with its databases', () => rollsBack(box));
  await t.test('it goes back to an older version, and is repaired', () => repairs(box, pages));
  await t.test('a signed repository updates it, and an altered one does not', () => serves(box, pages));
  await t.test('a removal keeps data, and a purge erases them', () => removes(box, pages));
  await t.test('every block of the pages was run', () => pages.allRan(t));
});

// --- The packages ----------------------------------------------------------------------------------------------------

/** In the checkout, which the machine sees. */
async function makePackages() {
  await mkdir(join(root, 'var'), { recursive: true });
  const folder = await mkdtemp(join(root, 'var/package-test-'));
  const packages = {
    name: folder.slice(root.length).replace(/^\//, ''),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
  try {
    const node = join(folder, 'node');
    await mkdir(join(node, 'bin'), { recursive: true });
    await cp(process.execPath, join(node, 'bin/node'));
    await writeFile(join(node, 'LICENSE'), 'the licence of Node.js\n');
    const tree = join(folder, 'tree');
    run('assemble', root, node, tree, architecture());
    const program = join(tree, 'opt/rollcall/releases/package');
    const version = (text: string) =>
      writeFile(join(program, 'dist/program/version.json'), JSON.stringify({ version: text }));
    const pack = async (folderName: string, number: string): Promise<void> => {
      await version(number);
      run('pack', tree, number, architecture(), '1700000000', join(folder, folderName), 'none');
    };
    await pack('first', '1.0.0');
    await pack('second', '1.1.0');
    await pack('third', '1.2.0');
    // As a version that fails after it has changed a database. It has a drop-in that no other version has.
    await writeFile(join(program, 'dist/program/rollcalld.js'), failingVersion);
    for (const place of [join(program, 'units'), join(tree, 'usr/lib/systemd/system')])
      await writeFile(join(place, 'rollcalld.service.d/20-trial.conf'), '[Service]\nNice=1\n');
    await pack('failing', '1.3.0');
    for (const name of ['tree', 'node']) await rm(join(folder, name), { recursive: true });
    return packages;
  } catch (error) {
    await packages[Symbol.asyncDispose]();
    throw error;
  }
}

const run = (script: string, ...args: readonly string[]) =>
  execFileSync(join(root, 'scripts/packaging', script), args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` },
  });
const architecture = () => execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();

/** Keeps a copy as daemon/host/sqlite-migrations.ts does, then changes the database to what no version reads. */
const failingVersion = `
import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
const database = '/var/lib/rollcall/gallery.db';
const copy = database + '.before-migration-1';
if (!existsSync(copy)) copyFileSync(database, copy);
writeFileSync(database, 'changed by a version that does not start');
console.error('this version does not start');
process.exit(1);
`;

// --- The pages -------------------------------------------------------------------------------------------------------

const ownPages = ['docs/how-to/install-the-package.md', 'docs/how-to/prepare-packages-for-your-boxes.md'];

/** The key has no passphrase, and nobody is there to answer. */
const surroundings = `
cd /root
export DEBIAN_FRONTEND=noninteractive
gpg() { command gpg --batch --passphrase '' "$@"; }
apt-get() { command apt-get --yes "$@" 2>&1; }
rollcall() { command rollcall "$@" 2>&1; }
`;

interface PageRunner {
  /** Runs the next blocks of a page in the home directory of root. */
  run(page: string, count?: number): Promise<CommandResult>;
  /** The same, for blocks that must succeed; resolves with what they wrote to standard output. */
  must(page: string, count?: number): Promise<string>;
  /** Fails if a block was skipped without a reason; reports the reasons of the others. */
  allRan(t: TestContext): void;
}

function pageRunner(box: BootedBox): PageRunner {
  const left = new Map(ownPages.map((page) => [page, docBlocks(page)]));
  const next = (page: string, count: number): string => {
    const runnable = (left.get(page) ?? []).filter(({ notRun }) => notRun === undefined);
    assert.ok(runnable.length >= count, `${page} has no more blocks`);
    left.set(page, runnable.slice(count));
    const texts = runnable.slice(0, count).map(({ text }) => text);
    return `${surroundings}\n${texts.join('\n')}`;
  };
  return {
    run: (page, count = 1) => box.run(next(page, count)),
    must: (page, count = 1) => box.must(next(page, count)),
    allRan(t) {
      for (const page of ownPages) {
        for (const { place, notRun } of docBlocks(page).filter((block) => block.notRun !== undefined))
          t.diagnostic(`${place} is not run: ${notRun}`);
        assert.deepEqual(left.get(page), [], page);
      }
    },
  };
}

const [installPage = '', repositoryPage = ''] = ownPages;

// --- The steps -------------------------------------------------------------------------------------------------------

const facts = 'rollcall person list; rollcall identity show | grep -i fingerprint | head -1';
/** The number of the version that runs. */
const versionOf = async (box: BootedBox) =>
  /^rollcall (\S+),/.exec(await box.must('rollcall --version'))?.[1];
const untilReady = 'systemctl is-active rollcalld rollcall-gate';
const startOf = 'systemctl show rollcalld --property ActiveEnterTimestampMonotonic --value';

async function installs(box: BootedBox, pages: PageRunner) {
  const said = await pages.must(installPage);
  assert.match(said, /^ok {7}gallery: open, 0 persons$/m);
  assert.match(said, /^ok {7}walls: 9 units as installed$/m);
  assert.match(said, /^ok {7}isolation: full\b/m);
  assert.doesNotMatch(said, /^failed/m);
  assert.equal(await versionOf(box), '1.0.0');
  assert.equal(await box.must(untilReady), 'active\nactive\n');
  assert.match(await box.must('man -P cat rollcall'), /ROLLCALL\(1\)/);
  assert.match(await box.must('cat /usr/share/bash-completion/completions/rollcall'), /complete .*rollcall/);
  await box.must(`
    ffmpeg -v error -i node_modules/@vladmandic/face-api/demo/sample6.jpg -vf crop=412:412:152:432 /root/photo.jpg
    rollcall person add 'Ada Lovelace' -i /root/photo.jpg`);
  const unsuitable = await box.run('scripts/install --site plant-1 --box box-1');
  assert.match(unsuitable.stderr, /this box was installed from the Debian package/);
}

async function refuses(box: BootedBox, pages: PageRunner) {
  const before = await box.must(startOf);
  await box.must(`${surroundings}
    gpg --quick-generate-key updates@plant.example
    install -d /etc/apt/keyrings
    gpg --export updates@plant.example > /etc/apt/keyrings/rollcall.gpg
    gpg --armor --detach-sign ./update/rollcall_*.deb
    echo 'camras: []' >> /etc/rollcall/rollcall.yaml`);
  const refused = await pages.run(installPage);
  assert.notEqual(refused.exitCode, 0);
  assert.match(refused.stdout, /camras/);
  assert.match(refused.stdout, /the former one keeps running\s+what to do: .*dpkg --configure rollcall/);
  assert.equal(await box.must(startOf), before, 'rollcalld was not restarted');
  assert.equal(await versionOf(box), '1.0.0');
}

async function goesOn(box: BootedBox, pages: PageRunner) {
  const before = await box.must(facts);
  await box.must('sed -i /camras/d /etc/rollcall/rollcall.yaml');
  await pages.must(installPage);
  assert.equal(await versionOf(box), '1.1.0');
  assert.equal(await box.must(untilReady), 'active\nactive\n');
  assert.equal(await box.must(facts), before);
  assert.equal(await box.must('ls /opt/rollcall/releases | wc -l'), '2\n', 'no former version is left');
  assert.match(await box.must('rollcall update status'), /1\.0\.0 was updated to 1\.1\.0/);
}

async function rollsBack(box: BootedBox) {
  const before = await box.must(facts);
  const failed = await box.run(`${surroundings}
    apt-get install --no-install-recommends ./made/failing/rollcall_*.deb`);
  assert.notEqual(failed.exitCode, 0);
  assert.match(failed.stdout, /this version does not start/, 'its log is shown');
  assert.match(failed.stdout, /the former one runs again/);
  assert.equal(await versionOf(box), '1.1.0');
  assert.equal(await box.must(untilReady), 'active\nactive\n');
  assert.equal(await box.must(facts), before);
  assert.equal(
    await box.must(`
      find /usr/lib/systemd/system -path '*rollcall*' -name '*trial*'
      ls /var/lib/rollcall | grep before-migration || true
      rollcall doctor | grep -o -E '^.*walls: .*|^warning  update: .* to 1.3.0 was undone'`),
    'ok       walls: 9 units as installed\nwarning  update: the update from 1.1.0 to 1.3.0 was undone\n',
  );
}

async function repairs(box: BootedBox, pages: PageRunner) {
  // From a package that dpkg could not configure.
  await box.must('ln -sfn made/first /root/update');
  await pages.must(installPage);
  assert.equal(await versionOf(box), '1.0.0');
  await box.must(
    'rm -r /opt/rollcall/releases/package/dist /usr/lib/systemd/system/rollcall-vision-photos.socket',
  );
  const said = await pages.must(installPage);
  assert.match(said, /^ok {7}walls: 9 units as installed$/m);
  assert.match(await box.must('ls /opt/rollcall/current/dist/program'), /rollcalld\.js/);
}

async function serves(box: BootedBox, pages: PageRunner) {
  await box.must('ln -sfn made/third /root/packages');
  await pages.must(repositoryPage, 2);
  await box.must(`
    echo 127.0.0.1 packages.plant.example >> /etc/hosts
    cp /root/repository/rollcall.gpg /root/
    systemd-run --quiet --unit repository --working-directory /root/repository /usr/bin/python3 -m http.server --bind 127.0.0.1 80
    until (: < /dev/tcp/127.0.0.1/80) 2> /dev/null; do sleep 0.1; done`);
  const [installed, updated] = [await pages.must(repositoryPage), await pages.must(repositoryPage)];
  assert.match(installed, /Setting up rollcall \(1\.2\.0\)/);
  assert.match(updated, /rollcall 1\.2\.0 is installed, and there is nothing newer/);
  assert.equal(await versionOf(box), '1.2.0');
  const reinstall = `${surroundings}
    apt-get clean
    apt-get install --reinstall --no-install-recommends rollcall`;
  // A package of the same size with other bytes.
  await box.must(`
    printf altered | dd of=$(echo /root/repository/pool/main/r/rollcall/*.deb) bs=1 seek=100000000 conv=notrunc status=none`);
  const altered = await box.run(reinstall);
  assert.notEqual(altered.exitCode, 0);
  assert.match(altered.stdout, /Hash Sum mismatch/);
  // A list that fits to it, by another key.
  const forged = await box.run(`${surroundings}
    gpg --quick-generate-key thief@plant.example
    cd repository
    sed -i 's/packages@/thief@/' conf/distributions
    reprepro --basedir . remove stable rollcall
    reprepro --basedir . includedeb stable /root/made/failing/rollcall_*.deb
    apt-get update
    apt-cache policy rollcall`);
  assert.match(forged.stdout, /NO_PUBKEY|is not signed|couldn't be verified/);
  assert.doesNotMatch(forged.stdout, /Candidate: 1\.3\.0/);
}

async function removes(box: BootedBox, pages: PageRunner) {
  // The page has both commands in one block, so the first of them is tried before, to see the state between them.
  await box.must(`${surroundings}
    rm /etc/apt/sources.list.d/rollcall.sources
    apt-get remove rollcall
    for program in rollcall rollcalld rollcall-setup; do [ -z "$(type -P $program)" ]; done
    [ -z "$(systemctl list-units --plain --no-legend '*rollcall*')" ]
    [ -z "$(ls -A /opt/rollcall/releases 2> /dev/null)" ]
    ls /var/lib/rollcall/gallery.db /etc/rollcall/rollcall.yaml /etc/rollcall/credentials/gallery-key
    apt-get install --no-install-recommends ./packages/rollcall_*.deb
    rollcall person list | grep 'Ada Lovelace'`);
  await pages.must(installPage);
  assert.equal(
    await box.must(
      'ls -d /etc/rollcall /var/lib/rollcall /opt/rollcall /etc/systemd/system/rollcall* /usr/lib/systemd/system/rollcall* 2> /dev/null || true',
    ),
    '',
  );
}
