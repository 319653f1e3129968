import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { webhookSignature } from '../../daemon/core/alerts/webhook.js';
import { Decider } from '../../daemon/core/sightings/decider.js';
import { factStoreOf } from '../../daemon/core/sightings/fact-store.js';
import { installedLanguages } from '../../daemon/host/installed-languages.js';
import { systemRandom as random } from '../../daemon/host/system-random.js';
import type { BoxEvent } from '../../daemon/kernel/events/event.js';
import { boxTroubles } from '../../daemon/kernel/events/notice.js';
import { personId, trackId } from '../../daemon/kernel/ids.js';
import { saidIn } from '../../daemon/kernel/said.js';
import { AlertBox, webhookSecret } from '../support/alert-box.js';
import { alerting, hook, posted, rule, subjects } from '../support/alert-hook.js';
import { mailHeader, openHttpSink, openSmtpSink } from '../support/alert-sinks.js';
import { ambiguousFact, refusedFact, watchedFact } from '../support/facts.js';
import { proofByBlink, sightingOf, testRules } from '../support/sightings.js';

const minuteMs = 60_000;

describe('from a recorded event to an alert', () => {
  test('three unknown people become one alert, by webhook and by e-mail', async () => {
    await using web = await openHttpSink();
    await using mail = await openSmtpSink();
    await using box = new AlertBox(`{
      webhooks: [${hook(web)}],
      emails: [{ id: guard, host: 127.0.0.1, port: ${mail.port}, tls: none, from: box@example.org, to: [guard@example.org] }],
      rules: [{ id: strangers, on: unknown, threshold: { count: 3, withinMinutes: 10 }, channels: [ops, guard] }] }`);
    for (const _person of [1, 2]) {
      box.unknown();
      await box.pass(4 * minuteMs);
    }
    box.unknown();
    await box.until('both deliveries', () => web.requests.length > 0 && mail.mails.length > 0);
    await box.until('the history', () => box.states().every((state) => state === 'delivered'));
    const expected = '[warning] 3 unknown people at Gate in 8 minutes (office/box-1)';
    assert.deepEqual(subjects(web), [expected]);
    const [request] = web.requests;
    const timestamp = String(request?.headers['rollcall-timestamp']);
    const signature = webhookSignature(Buffer.from(webhookSecret), timestamp, request?.body ?? '');
    assert.equal(request?.headers['rollcall-signature'], signature);
    const [message] = mail.mails;
    assert.equal(message && mailHeader(message, 'subject'), expected);
    const [alert] = box.newest(10);
    assert.equal(alert?.subject, expected);
    assert.equal(alert.summary, '3 unknown people at Gate in 8 minutes');
    const german = installedLanguages().firstOf(['de']).textOf(saidIn(alert, 'summary'));
    assert.equal(german, '3 unbekannte Personen an Gate in 8 Minuten', 'in the language of the reader');
    assert.deepEqual(
      alert?.deliveries.map(({ channel, state, attempts }) => [channel, state, attempts]),
      [
        ['ops', 'delivered', 1],
        ['guard', 'delivered', 1],
      ],
    );
    assert.equal(message && mailHeader(message, 'message-id'), `<${alert?.id}@example.org>`);
    assert.deepEqual(box.alerts.summary, { rules: 1, pending: 0, failed: 0 });
  });

  test('an acknowledged alert names its first reader, and a muted rule sends nothing until its mute ends', async () => {
    await using web = await openHttpSink();
    await using box = new AlertBox(alerting(web, rule('unknown', ', cooldownMinutes: 0')));
    const [ann, ben] = ['user:ann', 'user:ben'].map((actor) => ({ actor, origin: 'https 192.0.2.7' }));
    assert.ok(ann !== undefined && ben !== undefined);
    box.unknown();
    await box.delivered(1);
    const [first] = box.newest(1);
    assert.ok(first !== undefined);
    assert.equal(first.acknowledgement, undefined);
    box.alerts.acknowledge(first.id, ann);
    assert.equal(box.alerts.acknowledge(first.id, ben).acknowledgement?.by, 'user:ann');
    assert.equal(box.newest(1)[0]?.acknowledgement?.by, 'user:ann');
    assert.throws(() => box.alerts.acknowledge('none', ann), { code: 'no-such-alert' });
    assert.throws(() => box.alerts.mute('none', 5, ann), {
      code: 'no-such-rule',
      remedy: `Name one of ${first.rule}.`,
    });
    const doorman = { ...ben, cameras: new Set(['door']) };
    assert.throws(() => box.alerts.acknowledge(first.id, doorman), { code: 'no-such-alert' });
    assert.throws(() => box.alerts.mute(first.rule, 5, doorman), { code: 'forbidden' });
    assert.throws(() => box.alerts.unmute(first.rule, doorman), { code: 'forbidden' });

    const setup = box.alerts.setup({});
    assert.ok(setup.rules.some(({ id }) => id === first.rule));
    assert.doesNotMatch(JSON.stringify(setup), /:\/\/|secret|@/, 'not where channels lead');
    const mute = box.alerts.mute(first.rule, 5, ben);
    assert.equal(Date.parse(mute.until) - Date.parse(mute.since), 5 * minuteMs);
    assert.deepEqual(box.alerts.mutes({}), [mute]);
    box.unknown();
    await box.until('the alert of the muted rule', () => box.newest(9).length === 2);
    assert.deepEqual(box.newest(1)[0]?.deliveries, []);
    const seenBy = (...cameras: readonly string[]): number =>
      box.alerts.list({ limit: 9 }, { cameras: new Set(cameras) }).items.length;
    assert.deepEqual([seenBy('gate'), seenBy('door')], [2, 0], 'limited to cameras');
    await box.pass(5 * minuteMs);
    assert.deepEqual(box.alerts.mutes({}), [], 'a mute ends by itself');
    box.unknown();
    await box.delivered(2);

    box.alerts.mute(first.rule, 5, ben);
    assert.deepEqual(box.alerts.unmute(first.rule, ann), { wasMuted: true });
    assert.deepEqual(box.alerts.unmute(first.rule, ann), { wasMuted: false });
    box.unknown();
    await box.delivered(3);
    assert.equal(web.requests.length, 3);
    assert.deepEqual(
      box.audited.map(({ by, action, subject }) => [by.actor, action, subject]),
      [
        ['user:ann', 'alert.acknowledged', first.id],
        ['user:ben', 'alert.muted', first.rule],
        ['user:ben', 'alert.muted', first.rule],
        ['user:ann', 'alert.unmuted', first.rule],
      ],
    );
  });

  test('three strangers within a minute are three persons; a stranger who comes back is one', async () => {
    await using web = await openHttpSink();
    const strangers = rule('unknown', ', threshold: { count: 3, withinMinutes: 1 }, cooldownMinutes: 0');
    await using box = new AlertBox(alerting(web, strangers));
    const { clock } = box;
    using decider = new Decider({
      search: async () => [],
      policy: { threshold: 0.5, margin: 0.05, minimumProbes: 2 },
      rules: testRules,
      directionOf: () => 'both',
      proofAt: () => proofByBlink,
      facts: factStoreOf(box.records),
      random,
      clock,
    });
    let visits = 0;
    const visit = async (who: number) => {
      visits += 1;
      const embedding = Float32Array.from([0, 1, 2, 3], (axis) => (axis === who ? 1 : 0));
      const probes = [0, 1].map((capturedAtMs) => ({ capturedAtMs, embedding, quality: 0.8 }));
      const sighting = sightingOf({ trackId: trackId(`visit-${visits}`), probes, isEnded: true });
      await decider.onSighting(sighting, () => clock.wallMs());
      await box.pass(12_000);
    };
    // A person who walks to and fro is not a crowd.
    for (const who of [0, 0, 0, 0]) await visit(who);
    assert.deepEqual(box.newest(10), []);
    for (const who of [1, 2, 3]) await visit(who);
    await box.delivered(1);
    assert.match(subjects(web)[0] ?? '', /^\[warning\] 3 unknown people at Gate in a minute /);
    await box.pass(2 * minuteMs);
    assert.deepEqual([decider.trackCount, decider.strangerCount], [0, 0]);
  });

  test('a camera that fails for a moment causes no alert; one that stays down causes an alert, and so does its return', async () => {
    await using web = await openHttpSink();
    await using box = new AlertBox(alerting(web, rule('camera-down')));
    box.camera('failed');
    await box.pass(5_000);
    box.camera('streaming');
    await box.pass(5 * minuteMs);
    assert.deepEqual(box.newest(10), []);
    box.camera('failed');
    await box.pass(2 * minuteMs);
    box.camera('streaming');
    await box.delivered(2);
    assert.deepEqual(subjects(web), [
      '[warning] Camera Gate is down, since 2026-03-02 10:05 (camera-silent) (office/box-1)',
      '[warning] Over: Camera Gate was down from 2026-03-02 10:05 to 2026-03-02 10:07 (camera-silent) (office/box-1)',
    ]);
    assert.deepEqual(
      posted(web).map(({ phase }) => phase),
      ['raised', 'cleared'],
    );
  });

  test('unusable pictures cause an alert of their own, which a camera failure ends', async () => {
    await using web = await openHttpSink();
    await using box = new AlertBox(alerting(web, rule('camera-impaired'), rule('camera-down')));
    box.camera('damaged');
    await box.pass(2 * minuteMs);
    box.camera('failed');
    await box.pass(2 * minuteMs);
    await box.delivered(3);
    assert.deepEqual(subjects(web), [
      '[warning] Camera Gate sends unusable pictures, since 2026-03-02 10:00: the pictures show a single colour (office/box-1)',
      '[warning] Over: Camera Gate sent unusable pictures from 2026-03-02 10:00 to 2026-03-02 10:02: the pictures show a single colour (office/box-1)',
      '[warning] Camera Gate is down, since 2026-03-02 10:02 (camera-silent) (office/box-1)',
    ]);
  });

  test('each subject of a rule causes an alert', async () => {
    const occurredAtMs = 0;
    const events: readonly BoxEvent[] = [
      { kind: 'gallery', occurredAtMs, change: 'sealed', code: 'key-missing' },
      { kind: 'gallery', occurredAtMs, change: 'key-rotated' },
      { kind: 'gallery', occurredAtMs, change: 'opened' },
      ...boxTroubles.map((condition) => ({ kind: 'box', occurredAtMs, condition, isActive: true }) as const),
      { kind: 'box', occurredAtMs, condition: 'running', isActive: true },
      {
        kind: 'gap',
        occurredAtMs,
        firstSequence: 1,
        lastSequence: 2,
        counts: { unknown: 2 },
        reason: 'too-old',
      },
    ];
    await using web = await openHttpSink();
    const rules = ['sealed', 'events-lost', 'attack', ...boxTroubles].map((on) => rule(on));
    await using box = new AlertBox(alerting(web, ...rules));
    for (const event of events) box.record(event);
    box.attack();
    await box.delivered(rules.length + 1);
    assert.deepEqual(
      posted(web).map(({ on, phase }) => `${on} ${phase}`),
      [
        'sealed raised',
        'sealed cleared',
        ...boxTroubles.map((condition) => `${condition} raised`),
        'events-lost raised',
        'attack raised',
      ],
    );
  });

  test('persons whom the recogniser cannot tell apart are not named', async () => {
    await using web = await openHttpSink();
    await using box = new AlertBox(alerting(web, rule('recogniser-unfit'), rule('recognised-ambiguous')));
    const [a, b] = [personId('p-4711'), personId('p-4712')];
    const unfit = { kind: 'box', occurredAtMs: 0, condition: 'recogniser-unfit', isActive: true } as const;
    box.record({ ...unfit, about: [a, b] });
    box.record({ ...unfit, change: 'worsened', about: [a, b, 'p-4713'] });
    const candidates = [a, b].map((id) => ({ personId: id, similarity: 0.95 }));
    const [nearer, other] = candidates;
    assert.ok(nearer && other);
    box.record(ambiguousFact({ candidates: [nearer, other] }));
    await box.delivered(2);
    assert.deepEqual(
      subjects(web).map((subject) => subject.replace(/, since .*/, '')),
      [
        '[warning] The recogniser cannot tell some enrolled people apart',
        '[warning] A person who could be either of two enrolled people at Gate (office/box-1)',
      ],
    );
    assert.doesNotMatch(web.requests.map(({ body }) => body).join(), /p-471/);
  });

  test('a watched, a barred and an expired person cause alerts of their own at once, without a name', async () => {
    await using web = await openHttpSink();
    await using box = new AlertBox(alerting(web, rule('watched'), rule('barred'), rule('expired')));
    const about = { personId: personId('p-4711') };
    box.record(watchedFact(about));
    box.record(refusedFact({ ...about, reason: 'barred' }));
    box.record(refusedFact({ ...about, reason: 'not-yet-valid' }));
    await box.delivered(3);
    assert.deepEqual([...subjects(web)].sort(), [
      '[warning] A person on the blocklist at Gate (office/box-1)',
      '[warning] A person on the watchlist at Gate (office/box-1)',
      '[warning] A person whose validity is over or has not begun at Gate (office/box-1)',
    ]);
    assert.doesNotMatch(web.requests.map(({ body }) => body).join(), /p-471/);
  });

  test('no person is named, neither in the alert nor in the log', async () => {
    await using web = await openHttpSink();
    await using mail = await openSmtpSink({ refuseRecipient: () => 550 });
    await using box = new AlertBox(`{
      webhooks: [${hook(web)}],
      emails: [{ id: guard, host: 127.0.0.1, port: ${mail.port}, tls: none, from: box@example.org, to: [somebody@example.org] }],
      rules: [{ id: a, on: attack, channels: [ops, guard] }] }`);
    box.attack({ personId: personId('person-4711') });
    await box.until('both outcomes', () => box.states().join() === 'delivered,failed');
    assert.doesNotMatch(web.requests[0]?.body ?? 'nothing', /person-4711|nothing/);
    assert.doesNotMatch(box.logged.join('\n'), /person-4711|somebody|example\.org/);
    assert.match(box.logged.join('\n'), /given up .*mail-refused/);
  });
});
