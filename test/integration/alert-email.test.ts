import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { SendOutcome } from '../../daemon/core/alerts/channel.js';
import { type EmailConfig, openEmail } from '../../daemon/core/alerts/email.js';
import { operational } from '../../daemon/kernel/errors.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { alertAtMs, alertMessageOf, secretsFolder } from '../support/alert-messages.js';
import { mailHeader, openHttpSink, openSilentSink, openSmtpSink } from '../support/alert-sinks.js';
import { makeAuthority } from '../support/certificate-authority.js';
import { withoutOpenssl } from '../support/test-certificate.js';

const never = new AbortController().signal;
const login = { user: 'box', password: 'pa55:word' };
const secrets = secretsFolder();
secrets.write('mail-account', `${login.user}:${login.password}\n`);
secrets.write('wrong-account', 'box:wr0ng');
after(() => secrets[Symbol.dispose]());

function email(port: number, changes: Partial<EmailConfig> = {}, clock = new VirtualClock(alertAtMs)) {
  const config: EmailConfig = {
    ...{ id: 'guard', host: '127.0.0.1', port, tls: 'none' },
    ...{ from: 'box@example.org', to: ['guard@example.org', 'boss@example.org'] },
    ...changes,
  };
  return openEmail(config, secrets.context, clock);
}

const brief = (sent: SendOutcome): string =>
  sent.outcome === 'delivered' ? 'delivered' : `${sent.error.code}${sent.isFinal ? ' for good' : ''}`;

describe('an e-mail', () => {
  test('has the content of the alert, and the same id at each attempt', async () => {
    await using sink = await openSmtpSink();
    const message = alertMessageOf();
    for (const _again of [1, 2]) {
      assert.deepEqual(await email(sink.port).send(message, never), { outcome: 'delivered', note: null });
    }
    const [mail, again] = sink.mails;
    assert.ok(mail !== undefined && again !== undefined);
    assert.deepEqual([mail.from, mail.to], ['box@example.org', ['guard@example.org', 'boss@example.org']]);
    assert.equal(mailHeader(mail, 'subject'), message.subject);
    assert.equal(mailHeader(mail, 'from'), '"rollcall office/box-1" <box@example.org>');
    assert.equal(mailHeader(mail, 'message-id'), `<${message.id}@example.org>`);
    assert.equal(mailHeader(again, 'message-id'), mailHeader(mail, 'message-id'));
    assert.equal(mailHeader(mail, 'auto-submitted'), 'auto-generated');
    assert.equal(mailHeader(mail, 'date'), 'Mon, 02 Mar 2026 09:00:00 +0000');
    assert.equal(mailHeader(mail, 'importance'), undefined);
    assert.ok(
      mail.source.includes('\r\n\r\n3 unknown people at Gate in 10 minutes\r\n\r\nSite office, box box-1.'),
    );
  });

  test('of a critical alert is marked as important', async () => {
    await using sink = await openSmtpSink();
    await email(sink.port).send(alertMessageOf({ severity: 'critical' }), never);
    const [mail] = sink.mails;
    assert.equal(mail && mailHeader(mail, 'importance'), 'High');
  });

  test('gets no headers from the name of a camera', async () => {
    await using sink = await openSmtpSink();
    // The wording removes line ends from subjects; one that remained would stay inside the subject header.
    const subject = 'at Gate\r\nBcc: everybody@example.org\r\n\r\nand a body';
    await email(sink.port).send(alertMessageOf({ subject }), never);
    const [mail] = sink.mails;
    assert.ok(mail !== undefined);
    assert.deepEqual(mail.to, ['guard@example.org', 'boss@example.org']);
    assert.equal(mailHeader(mail, 'bcc'), undefined);
  });

  test('contains names in any script', async () => {
    await using sink = await openSmtpSink();
    await email(sink.port).send(alertMessageOf({ subject: 'Tür Süd 入口', text: 'Tür Süd 入口' }), never);
    const [mail] = sink.mails;
    assert.match((mail && mailHeader(mail, 'subject')) ?? '', /^=\?UTF-8\?/);
  });

  test('fails when it is too large for the server, or when the server knows none of its recipients', async () => {
    const cases = [
      [{ refuseMessage: () => 552 }, 'mail-refused for good'],
      [{ refuseMessage: () => 451 }, 'mail-refused'],
      [{ refuseRecipient: () => 550 }, 'mail-refused for good'],
      [{ refuseRecipient: () => 450 }, 'mail-refused'],
    ] as const;
    for (const [wish, expected] of cases) {
      await using sink = await openSmtpSink(wish);
      assert.equal(brief(await email(sink.port).send(alertMessageOf(), never)), expected);
      assert.equal(sink.mails.length, 0);
    }
  });

  test('that only some recipients get is delivered, with a note about the others', async () => {
    await using sink = await openSmtpSink({
      refuseRecipient: (address) => (address === 'boss@example.org' ? 550 : undefined),
    });
    const sent = await email(sink.port).send(alertMessageOf(), never);
    assert.deepEqual(sent, { outcome: 'delivered', note: 'refused for 1 of 2 recipients' });
  });

  test('fails when the server does not answer, is not there, uses another protocol or has no name', async () => {
    {
      await using sink = await openSilentSink();
      const clock = new VirtualClock(alertAtMs);
      const sending = email(sink.port, {}, clock).send(alertMessageOf(), never);
      await sink.seen;
      clock.advanceBy(45_000);
      assert.equal(brief(await sending), 'channel-silent');
    }
    {
      await using sink = await openSilentSink();
      const stop = new AbortController();
      const sending = email(sink.port).send(alertMessageOf(), stop.signal);
      await sink.seen;
      stop.abort(operational('shutting-down', 'the box is shutting down'));
      assert.equal(brief(await sending), 'shutting-down');
    }
    let port = 0;
    {
      await using sink = await openHttpSink();
      port = sink.port;
    }
    assert.equal(brief(await email(port).send(alertMessageOf(), never)), 'channel-refused');
    const unknown = await email(25, { host: 'nobody.invalid' }).send(alertMessageOf(), never);
    assert.equal(brief(unknown), 'channel-name-unknown');
  });
});

describe('an e-mail with TLS and a login', { skip: withoutOpenssl }, () => {
  const authority = makeAuthority('alerts-ca');
  after(() => authority[Symbol.dispose]());
  const caFile = secrets.file('ca.pem', authority.certificate);
  const issue = (changes = {}) =>
    authority.issue({ commonName: 'mail', hosts: ['DNS:localhost', 'IP:127.0.0.1'], ...changes });
  const certificate = issue();

  for (const [tls, host] of [
    ['starttls', '127.0.0.1'],
    ['starttls', 'localhost'],
    ['implicit', '127.0.0.1'],
    ['implicit', 'localhost'],
  ] as const) {
    test(`${tls} to ${host}`, async () => {
      await using sink = await openSmtpSink({ certificate, isImplicit: tls === 'implicit', login });
      const channel = email(sink.port, { tls, host, caFile, credential: 'mail-account' });
      assert.equal(brief(await channel.send(alertMessageOf(), never)), 'delivered');
      const [mail] = sink.mails;
      assert.deepEqual([mail?.isSecure, mail?.user], [true, 'box']);
    });
  }

  for (const [tls, port] of [
    ['starttls', 587],
    ['implicit', 465],
    ['none', 25],
  ] as const) {
    test(`without a port goes to port ${port} with ${tls}`, async () => {
      const config: EmailConfig = {
        ...{ id: 'guard', host: 'mail.invalid', tls, from: 'box@example.org', to: ['guard@example.org'] },
      };
      // Ended before it begins: the error still says where it would have gone.
      const ended = AbortSignal.abort(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
      const channel = openEmail(config, secrets.context, new VirtualClock(alertAtMs));
      const sent = await channel.send(alertMessageOf(), ended);
      assert.ok(sent.outcome !== 'delivered');
      assert.match(sent.error.message, new RegExp(`\\(mail\\.invalid:${port}\\)`));
    });
  }

  test('is not sent where the server offers no STARTTLS', async () => {
    await using sink = await openSmtpSink();
    const sent = await email(sink.port, { tls: 'starttls', caFile }).send(alertMessageOf(), never);
    assert.equal(brief(sent), 'mail-no-starttls');
    assert.equal(sink.mails.length, 0);
  });

  test('is not sent to a server with an untrusted certificate', async () => {
    const cases = [
      [issue({ hosts: ['DNS:other.example'] }), { caFile }, 'channel-tls-wrong-host'],
      [issue({ fromDay: -10, untilDay: -1 }), { caFile }, 'channel-tls-expired'],
      [certificate, {}, 'channel-tls-untrusted'],
    ] as const;
    for (const [shown, changes, expected] of cases) {
      for (const tls of ['starttls', 'implicit'] as const) {
        await using sink = await openSmtpSink({ certificate: shown, isImplicit: tls === 'implicit', login });
        const channel = email(sink.port, { tls, credential: 'mail-account', ...changes });
        assert.equal(brief(await channel.send(alertMessageOf(), never)), expected, tls);
        assert.equal(sink.mails.length, 0);
      }
    }
  });

  test('fails with implicit TLS where the server uses no TLS', async () => {
    await using sink = await openSmtpSink();
    const sent = await email(sink.port, { tls: 'implicit', caFile }).send(alertMessageOf(), never);
    assert.equal(brief(sent), 'channel-speaks-no-tls');
  });

  test('with a wrong password is refused permanently, and no message contains the password', async () => {
    await using sink = await openSmtpSink({ certificate, login });
    const channel = email(sink.port, { tls: 'starttls', caFile, credential: 'wrong-account' });
    const sent = await channel.send(alertMessageOf(), never);
    assert.equal(brief(sent), 'mail-auth-refused for good');
    assert.ok(sent.outcome === 'failed');
    const { message, remedy, details, cause } = sent.error;
    assert.doesNotMatch(JSON.stringify({ message, remedy, details, cause: String(cause) }), /wr0ng/);
  });

  test('is not sent without login where the server offers another login method', async () => {
    await using sink = await openSmtpSink({ certificate });
    const channel = email(sink.port, { tls: 'starttls', caFile, credential: 'mail-account' });
    assert.match(brief(await channel.send(alertMessageOf(), never)), /^mail-auth-refused/);
    assert.equal(sink.mails.length, 0);
  });

  test('fails when its secret is missing or has no password', async () => {
    secrets.write('no-colon', 'secret');
    for (const [credential, code] of [
      ['missing', 'credential-missing'],
      ['no-colon', 'credential-form'],
    ] as const) {
      assert.equal(brief(await email(1, { credential }).send(alertMessageOf(), never)), code);
    }
  });
});
