import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Command } from 'commander';
import { registerStatus } from '../../daemon/cli/status.js';
import { type Answers, askCommand, commandNamed } from '../support/asked-command.js';
import { englishWords } from '../support/english-words.js';
import { healthyStatus } from '../support/healthy-status.js';

const at = '2026-03-02T11:00:00.000Z';
const passage = {
  ...{ number: 7, id: '0123456789abc', camera: 'door', startedAt: at, lastSeenAt: at, inSightS: 4.2 },
  ...{ end: 'left', outcome: 'stranger', reason: 'no-match', sentence: 'X', events: [] },
};
const report = {
  kind: 'head',
  head: {
    ...{ site: 'X', timeZone: 'UTC', madeAt: at, from: '2026-03-02', to: '2026-03-02' },
    ...{ areNamesKnown: false, areAbsencesKnown: false },
  },
};
const attendance = async function* () {
  yield report;
};

/** A line of each daily command, and the answers of the daemon. */
const lines: readonly (readonly [line: string, answers: Answers])[] = [
  ['status', { 'status.show': healthyStatus }],
  ['camera list', { 'cameras.list': [] }],
  ['camera list', { 'cameras.list': healthyStatus.cameras }],
  ['passages list', { 'passages.list': { items: [passage] } }],
  ['passages list', { 'passages.list': { items: [] } }],
  ['person list', { 'persons.list': { items: [] } }],
  ['alerts list', { 'alerts.list': { items: [] } }],
  ['attendance today', { 'attendance.today': attendance }],
  ['attendance report --from 2026-03-02 --to 2026-03-02', { 'attendance.report': attendance }],
];

async function inLanguage<Answer>(tag: string, work: () => Promise<Answer>): Promise<Answer> {
  const earlier = process.env['LC_ALL'];
  process.env['LC_ALL'] = tag;
  try {
    return await work();
  } finally {
    if (earlier === undefined) delete process.env['LC_ALL'];
    else process.env['LC_ALL'] = earlier;
  }
}

describe('the daily commands speak the language of the terminal', async () => {
  const groups = ['camera', 'passages', 'person', 'alerts', 'attendance'];
  const registers = await Promise.all(groups.map((name) => commandNamed(name)));
  const register = (name: string): ((program: Command) => unknown) =>
    registers[groups.indexOf(name)] ?? registerStatus;
  for (const [line, answers] of lines)
    test(line, async () => {
      const words = line.split(' ');
      const shown = (tag: string) =>
        inLanguage(tag, async () => {
          const { out, err } = await askCommand(register(words[0] ?? ''), words, answers);
          assert.equal(err, '');
          return out;
        });
      const english = await shown('C.UTF-8');
      for (const tag of ['de_DE.UTF-8', 'fr_FR.UTF-8']) {
        const text = await shown(tag);
        assert.notEqual(text, english);
        assert.doesNotMatch(text, englishWords, tag);
      }
    });

  test('also of what is wrong with a command', async () => {
    const { err } = await inLanguage('de', () =>
      askCommand(register('passages'), ['passages', 'list', '--since', '2026-13-01'], {}),
    );
    assert.match(err, /^Fehler: .*\n {2}Abhilfe: /s);
    assert.doesNotMatch(err, englishWords);
  });
});
