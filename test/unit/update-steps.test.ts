import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { root } from '../support/built.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/**
 * Kills the shell and its children before the Nth command that changes a file, as a power cut would. They count together, in a file.
 */
const cut = `
cut() {
  case $BASH_COMMAND in 'mv '* | 'rm '* | 'cp '* | 'ln '* | 'mkdir '* | 'touch '*) ;; *) return 0 ;; esac
  local count
  read -r count < "$COUNT"
  echo $((count + 1)) > "$COUNT"
  [ "$count" -ne "$CUT_AT" ] || kill -KILL 0
}
[ -z "\${CUT_AT:-}" ] || { echo 0 > "$COUNT"; set -T; trap cut DEBUG; }
`;

/** A small box: two versions, a database, and units. */
function makeBox(folder: string) {
  const program = join(folder, 'opt');
  const data = join(folder, 'data');
  const places = join(folder, 'units');
  const files: Readonly<Record<string, string>> = {
    'opt/releases/a/dist/program/version.json': '{"version":"1.0.0"}',
    'opt/releases/b/dist/program/version.json': '{"version":"1.1.0"}',
    'data/gallery.db': 'of 1.0.0',
    'data/records.db': 'of 1.0.0',
    'data/records.db-wal': 'log of 1.0.0',
    'units/rollcalld.service': 'of 1.0.0',
    'units/run-rollcall\\x2dgate-live.mount': 'of 1.0.0',
    'units/other.service': 'of another program',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  symlinkSync('releases/a', join(program, 'current'));
  const steps = (script: string, cutAt?: number) => {
    const begin = `
      set -e
      systemctl() { :; }
      sync() { :; }
      readonly program=${program} data=${data} places=${places}
      . ${join(root, 'scripts/update-steps')}
      rollcall() { echo '{}'; }`;
    // In a process group of its own, which a cut kills as a whole.
    return spawnSync('setsid', ['bash', '-c', `${begin}\n${cut}\n${script}`], {
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        ...(cutAt === undefined ? {} : { CUT_AT: String(cutAt), COUNT: join(folder, 'count') }),
      },
    });
  };
  const must = (script: string): void => {
    const { status, stderr } = steps(script);
    assert.equal(status, 0, stderr);
  };
  /** What the box runs and keeps, by file. */
  const state = (): Readonly<Record<string, string>> => ({
    current: readlinkSync(join(program, 'current')),
    ...Object.fromEntries(
      ['data', 'units'].flatMap((name) =>
        readdirSync(join(folder, name)).map((file) => [file, readFileSync(join(folder, name, file), 'utf8')]),
      ),
    ),
  });
  return { program, steps, must, state };
}

/** What the new version does: it migrates both databases, and has another unit and one more. */
const update = `
  beginUpdate; noteBox; noteStop
  switchTo releases/b
  for name in gallery records; do
    cp "$data/$name.db" "$data/$name.db.part"; mv "$data/$name.db.part" "$data/$name.db.before-migration-1"
    touch -d '+1 second' "$data/$name.db.before-migration-1"
    echo 'of 1.1.0' > "$data/$name.db"
  done
  rm -f "$data/records.db-wal"
  echo 'of 1.1.0' > "$places/rollcalld.service"; echo new > "$places/rollcall-new.socket"`;

const former = {
  current: 'releases/a',
  'gallery.db': 'of 1.0.0',
  'records.db': 'of 1.0.0',
  'rollcalld.service': 'of 1.0.0',
  'run-rollcall\\x2dgate-live.mount': 'of 1.0.0',
  'other.service': 'of another program',
};

/** The same without what is kept of the new version. */
const withoutKept = (state: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(state).filter(([name]) => !name.includes('.damaged-')));

describe('the way back of an update', () => {
  test('leads to the former version, its units, and its databases, and keeps those of the new one', async () => {
    await using folder = await temporaryDirectory();
    const box = makeBox(folder.path);
    box.must(update);
    box.must('undoUpdate; reportUpdate undone not-ready 1.1.0; dropWayBack');
    assert.deepEqual(withoutKept(box.state()), former);
    const kept = Object.entries(box.state()).filter(([name]) => name.includes('.damaged-'));
    assert.deepEqual(
      kept.map(([, text]) => text.trim()),
      ['of 1.1.0', 'of 1.1.0'],
    );
    const report = JSON.parse(readFileSync(join(box.program, 'update/last.json'), 'utf8'));
    assert.deepEqual(
      [report.outcome, report.why, report.from, report.to],
      ['undone', 'not-ready', '1.0.0', '1.1.0'],
    );
    assert.deepEqual(readdirSync(join(box.program, 'update')), ['last.json']);
  });

  test('leaves the databases of a box that did not stop', async () => {
    await using folder = await temporaryDirectory();
    const box = makeBox(folder.path);
    box.must(`beginUpdate; echo 'of another day' > "$data/gallery.db.before-migration-1"; undoUpdate`);
    assert.deepEqual(withoutKept(box.state()), {
      ...former,
      'records.db-wal': 'log of 1.0.0',
      'gallery.db.before-migration-1': 'of another day\n',
    });
  });

  test('is complete or absent, whenever its beginning is cut off', async () => {
    await using folder = await temporaryDirectory();
    const box = makeBox(folder.path);
    const cuts = cutAtEach(box, 'beginUpdate', () => {
      const wayBack = join(box.program, 'update/way-back');
      const names =
        statSync(wayBack, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(wayBack).toSorted();
      assert.ok([0, 5].includes(names.length), names.join());
      if (names.length > 0) box.must('dropWayBack');
    });
    assert.ok(cuts >= 3, String(cuts));
  });

  test('leads back whenever it is cut off itself', async () => {
    await using folder = await temporaryDirectory();
    const box = makeBox(folder.path);
    const prepare = () => box.must(`rm -rf "$data"/*.damaged-*; ${update}`);
    prepare();
    const cuts = cutAtEach(box, 'undoUpdate', () => {
      box.must('undoUpdate; dropWayBack');
      assert.deepEqual(withoutKept(box.state()), former);
      prepare();
    });
    assert.ok(cuts >= 12, String(cuts));
  });

  test('is taken by the start of rollcalld after a power cut, and not before one', async () => {
    await using folder = await temporaryDirectory();
    const box = makeBox(folder.path);
    box.must(update);
    // The shell that the unit starts has none of these functions.
    const undo = `systemctl() { echo "$*"; }; export -f systemctl; bash "$wayBack/undo"`;
    assert.equal(box.steps(undo).status, 0);
    assert.equal(box.state()['current'], 'releases/b', 'an update that is running goes on');
    box.must('echo another > "$wayBack/boot"');
    const { status, stdout } = box.steps(undo);
    assert.equal(status, 1, 'this start had the units of the new version');
    assert.match(stdout, /daemon-reload\n--no-block restart rollcalld\.service/);
    assert.deepEqual(withoutKept(box.state()), former);
    assert.match(readFileSync(join(box.program, 'update/last.json'), 'utf8'), /"why":"interrupted"/);
  });
});

/** Cuts a step off at each of its commands that change a file, one after the other, until it ends. Returns how often. */
function cutAtEach(box: ReturnType<typeof makeBox>, step: string, after: () => void): number {
  for (let at = 0; ; at += 1) {
    const { signal, status, stderr } = box.steps(step, at);
    if (signal !== 'SIGKILL') {
      assert.equal(status, 0, stderr);
      return at;
    }
    after();
  }
}
