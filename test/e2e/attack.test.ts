import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { probeSandbox } from '../../daemon/vision/sandbox-launcher.js';
import { makeBox, runProgram, type TestBox, withoutBuild } from '../support/box.js';
import { root } from '../support/built.js';
import { until } from '../support/until.js';

const probe = await probeSandbox();
const withoutSandbox = 'launch' in probe ? false : `no sandbox works on this machine: ${probe.reason}`;
const isRoot = process.getuid?.() === 0;

/** The lines of scripts/attack, by their first word. */
async function attack(box: TestBox, ...options: readonly string[]) {
  const args = ['--config', box.configPath, ...options];
  const { stdout, stderr, exitCode } = await runProgram(join(root, 'scripts/attack'), args);
  const lines = (word: string): readonly string[] =>
    stdout
      .split('\n')
      .flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length).trim()] : []));
  return {
    exitCode,
    refused: lines('refused'),
    open: lines('open'),
    allowed: lines('ALLOWED'),
    said: stdout + stderr,
  };
}

/** A running box with one of each thing that an attacker would look for. */
async function openTarget(): Promise<TestBox> {
  const box = await makeBox({
    secrets: { 'front-door-camera': 'viewer:secret', broker: 'box:secret' },
  });
  await mkdir(join(box.directory, 'data', 'backups'), { recursive: true });
  await writeFile(join(box.directory, 'data', 'backups', 'gallery.backup'), 'sealed');
  await box.start();
  const certificate = join(box.directory, 'data', 'gate', 'tls.pem');
  await until('the box to make a certificate for its gate', () => existsSync(certificate));
  return box;
}

describe('a decoder that was taken over', {
  skip: withoutBuild || (isRoot && 'root may read everything'),
}, () => {
  test('reaches nothing of the box from its sandbox', { skip: withoutSandbox }, async () => {
    await using box = await openTarget();
    const { exitCode, refused, open, allowed, said } = await attack(box);
    assert.deepEqual(allowed, [], said);
    assert.equal(exitCode, 0, said);
    for (const target of [
      'gallery.db',
      'records.db',
      'gallery-key',
      'front-door-camera',
      'gallery.backup',
      'tls.pem',
    ]) {
      assert.ok(
        refused.some((line) => line.startsWith('read ') && line.endsWith(target)),
        `${target}\n${said}`,
      );
    }
    // What only a unit of systemd prevents, and `rollcall status` reports.
    assert.deepEqual(open, [
      'fill the memory through /dev/shm (memory)',
      'fill the disk of the folder for live frames (disk)',
      'fill the memory (memory)',
    ]);
    for (const what of [
      'connect to another service of this machine',
      'connect to an abstract socket of this machine',
      'connect to another socket of the machine',
      'open a socket of the family vsock',
      'use io_uring',
      'reach into a process of its own',
      'attach memory that the machine shares',
      'start a process in a namespace of its own',
      'use an open file that was left to it',
      'fill the disk through /tmp',
      'write a large line to the journal of the machine',
      'gain rights through a program of root',
    ])
      assert.ok(refused.includes(what), `${what}\n${said}`);
    const asPhoto = await attack(box, '--photos');
    assert.deepEqual([asPhoto.allowed, asPhoto.exitCode], [[], 0], asPhoto.said);
    assert.ok(
      asPhoto.open.every((line) => line.endsWith('(memory)')),
      asPhoto.said,
    );
    const { isolation } = await box.client.call('status.show');
    assert.equal(isolation?.level, 'partial');
    assert.deepEqual(isolation.gaps, ['memory', 'disk']);
  });

  test('would reach the keys and the databases without a sandbox', async () => {
    await using box = await openTarget();
    const { exitCode, allowed, open, said } = await attack(box, '--without-isolation');
    assert.equal(exitCode, 0, `everything is a known gap there:\n${said}`);
    assert.deepEqual(allowed, []);
    for (const target of ['gallery.db', 'gallery-key', 'control.sock']) {
      assert.ok(
        open.some((line) => line.includes(target)),
        `${target}\n${said}`,
      );
    }
    assert.ok(existsSync(join(box.directory, 'data', 'gallery.db')));
  });
});
