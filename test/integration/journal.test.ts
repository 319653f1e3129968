import assert from 'node:assert/strict';
import { fstatSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLogOutput } from '../../daemon/host/journal.js';
import { openPinoLogger } from '../../daemon/host/pino-logger.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { bindNotifySocket, notifySocketSkip } from '../support/notify-socket.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** What systemd says about the standard error of this process. */
const { dev, ino } = fstatSync(process.stderr.fd);
const connected = { JOURNAL_STREAM: `${dev}:${ino}` };

async function openLog(socketPath: string, environment: Record<string, string> = connected) {
  const others: string[] = [];
  const fallback = { write: (line: string) => void others.push(line) };
  const output = await openLogOutput({ environment, socketPath, fallback });
  return { output, logger: openPinoLogger({ level: 'info', clock: systemClock, output }), others };
}

const fieldsOf = (entry: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    entry
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/=(.*)/s).slice(0, 2)),
  );

test('the log in the journal', { skip: notifySocketSkip }, async (t) => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'journal');

  await t.test('an entry has the JSON line, a priority, and the fields that people look for', async () => {
    await using journal = await bindNotifySocket(path);
    const { logger, others } = await openLog(path);
    logger
      .child({ camera: 'door', visionProcess: 0 })
      .error('no pictures', { code: 'camera-silent', track: 't1' });
    const { MESSAGE = '', ...fields } = fieldsOf(await journal.next());
    const { time: _, ...line } = JSON.parse(MESSAGE) as Record<string, unknown>;
    const said = { camera: 'door', visionProcess: 0, code: 'camera-silent', track: 't1' };
    assert.deepEqual(line, { level: 'error', ...said, message: 'no pictures' });
    assert.deepEqual(fields, {
      ...{ PRIORITY: '3', SYSLOG_IDENTIFIER: 'rollcalld', VISION_PROCESS: '0' },
      ...{ CAMERA_ID: 'door', TRACK_ID: 't1', ERROR_CODE: 'camera-silent' },
    });
    logger.info('a vision process says', {
      visionProcess: 1,
      said: { camera: 'yard', visionProcess: 9, operation: 'gallery.erase', requestId: 'r' },
    });
    const nested = fieldsOf(await journal.next());
    assert.deepEqual([nested['OPERATION'], nested['REQUEST_ID']], [undefined, undefined]);
    assert.deepEqual([nested['CAMERA_ID'], nested['VISION_PROCESS'], nested['PRIORITY']], ['yard', '1', '6']);
    assert.deepEqual(others, []);
  });

  await t.test('a text that a camera chose makes no field of its own', async () => {
    await rm(path, { force: true });
    await using journal = await bindNotifySocket(path);
    const { logger } = await openLog(path);
    logger.warn('odd', {
      camera: 'door\nPRIORITY=0',
      code: 'a b',
      said: { track: 'x'.repeat(200) },
      _PID: 1,
    });
    const entry = fieldsOf(await journal.next());
    assert.deepEqual(Object.keys(entry).sort(), ['MESSAGE', 'PRIORITY', 'SYSLOG_IDENTIFIER']);
    assert.equal(entry['PRIORITY'], '4');
  });

  await t.test('what the logger did not write as one line goes to standard error as it is', async () => {
    await rm(path, { force: true });
    await using journal = await bindNotifySocket(path);
    const { output, logger, others } = await openLog(path);
    // The second is JSON too, and its second line would be a field of its own.
    const odd = ['not JSON', '{"level":"info",\n"PRIORITY=0":1}', '{"level":"loud"}', '"info"', '{}'];
    for (const line of odd) output.write(`${line}\n`);
    assert.deepEqual(
      others,
      odd.map((line) => `${line}\n`),
    );
    logger.info('usual');
    assert.match(await journal.next(), /"message":"usual"/, 'the journal got nothing before');
  });

  await t.test('lines go to standard error while journald is slow or away, and none is lost', async () => {
    await rm(path, { force: true });
    const journal = await bindNotifySocket(path);
    const { logger, others } = await openLog(path);
    process.kill(journal.pid ?? 0, 'SIGSTOP');
    let written = 0;
    // The kernel queues some hundred datagrams at most.
    while (others.length === 0 && written < 100_000) {
      written += 1;
      logger.info('many', { number: written });
    }
    assert.ok(others.length === 1 && written > 1, `${written} lines`);
    process.kill(journal.pid ?? 0, 'SIGCONT');
    for (let number = 1; number < written; number += 1) {
      assert.equal(JSON.parse(fieldsOf(await journal.next())['MESSAGE'] ?? '').number, number);
    }
    await journal[Symbol.asyncDispose]();
    logger.info('away');
    await rm(path, { force: true });
    logger.info('gone');
    assert.deepEqual(
      others.slice(1).map((line) => (JSON.parse(line) as { message: string }).message),
      ['away', 'gone'],
    );
    // It comes back.
    await using again = await bindNotifySocket(path);
    logger.info('back');
    assert.match(await again.next(), /"message":"back"/);
  });

  await t.test('a process whose standard error goes elsewhere keeps to standard error', async () => {
    for (const environment of [{}, { JOURNAL_STREAM: `${dev}:${ino + 1}` }]) {
      const { logger, others } = await openLog(path, environment);
      logger.info('here');
      assert.equal(others.length, 1);
    }
  });
});
