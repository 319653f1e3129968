import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemClock } from '../../daemon/host/system-clock.js';
import { runTpmTool, type TpmToolRun } from '../../daemon/host/tpm-tool.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const settings = {
  ...{ clock: systemClock, tcti: 'device:/dev/none', searchPath: '/usr/bin:/bin', timeoutMs: 60_000 },
};

/** Runs a shell script as if it were a program of tpm2-tools. */
const run = (script: string, input?: Uint8Array): Promise<TpmToolRun> =>
  runTpmTool(settings, {
    ...{ program: 'sh', arguments: ['-c', script], directory: '/' },
    ...(input && { input }),
  });

describe('a program of tpm2-tools', () => {
  test('gives its output, and gets its input and the TPM but nothing of the environment', async () => {
    const ended = await run('cat; echo; env | sort', Buffer.from('sealed'));
    assert.ok(ended.ended === 'well');
    const [input, ...names] = Buffer.from(ended.output).toString('utf8').trim().split('\n');
    assert.equal(input, 'sealed');
    assert.ok(names.includes('TPM2TOOLS_TCTI=device:/dev/none') && names.includes('TSS2_LOG=all+NONE'));
    assert.ok(!names.some((name) => name.startsWith('HOME=')));
  });

  test('may print 64 KiB, and nothing more', async () => {
    const most = await run('head -c 65536 /dev/zero');
    assert.ok(most.ended === 'well' && most.output.length === 65_536);
    assert.equal((await run('head -c 65537 /dev/zero')).ended, 'badly');
  });

  test('that fails is reported by its last line that explains something', async () => {
    const complaintOf = async (...lines: readonly string[]): Promise<string> => {
      const ended = await run(`printf '%b' '${lines.join('\\n')}' >&2; exit 1`);
      assert.ok(ended.ended === 'badly');
      return ended.complaint;
    };
    assert.equal(
      await complaintOf('a note', 'ERROR: first', 'ERROR: no TPM', 'ERROR: Unable to run tpm2_unseal'),
      'no TPM',
    );
    assert.equal(await complaintOf('ERROR: Unable to run tpm2_unseal'), 'Unable to run tpm2_unseal');
    assert.equal(await complaintOf('ERROR: a\\033b'), 'a?b');
    assert.equal(await complaintOf(`ERROR: ${'x'.repeat(400)}`), 'x'.repeat(300));
    assert.equal(await complaintOf('a note'), 'no reason given');
  });

  test('is ended when it takes too long, and may be missing', async () => {
    const clock = new VirtualClock();
    const call = { program: 'sleep', arguments: ['600'], directory: '/' };
    const ending = runTpmTool({ ...settings, clock }, call);
    clock.advanceBy(settings.timeoutMs);
    assert.deepEqual(await ending, { ended: 'late' });
    const missing = { ...call, program: 'tpm2_none' };
    assert.deepEqual(await runTpmTool(settings, missing), { ended: 'not-started' });
  });
});
