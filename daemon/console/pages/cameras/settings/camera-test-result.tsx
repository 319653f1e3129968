import type { CameraTest } from '../../../../contract/cameras.js';
import type en from '../../../messages/en/cameras.json';
import { Icon } from '../../../parts/icon.js';
import { Badge, Facts } from '../../../parts/page.js';
import { Problem } from '../../../parts/shown-fault.js';
import { qualityWord } from '../../../parts/term-words.js';
import { decimals, number, percent } from '../../../time/site-format.js';
import { wordsOf } from '../../../words/words.js';

const t = wordsOf<typeof en>('cameras');

/** What a camera showed in a test, or why it could not be opened. */
export function TestResult({
  test,
  onTrust,
}: {
  readonly test: CameraTest;
  /** Takes the certificate that the camera has shown as the only right one. */
  readonly onTrust?: (fingerprint: string) => void;
}) {
  const { connection } = test;
  const certificate = connection?.certificate;
  return (
    <div role="status">
      {test.outcome === 'failed' ? <Problem of={test} /> : <Seen test={test} />}
      {certificate && (
        <>
          <h3>{t('certificate')}</h3>
          <Facts
            of={[
              [t('certificate-subject'), certificate.subject],
              [t('certificate-issuer'), certificate.issuer],
              [t('certificate-until'), certificate.validUntil],
              [t('fingerprint'), certificate.fingerprint],
            ]}
          />
          {test.outcome === 'failed' && onTrust && (
            <>
              <p>{t('trust-lead')}</p>
              <button type="button" class="secondary" onClick={() => onTrust(certificate.fingerprint)}>
                {t('trust')}
              </button>
            </>
          )}
        </>
      )}
    </div>
  );
}

function Seen({ test }: { readonly test: Extract<CameraTest, { outcome: 'ok' }> }) {
  const { stream, firstFrameMs, measuredFps, decodingCores, connection, framesAnalysed, problems, faces } =
    test;
  return (
    <>
      <p>
        <Badge tone="ok" icon="check">
          {t('test-passed')}
        </Badge>
      </p>
      <Facts
        of={[
          [t('stream'), `${stream.codec.toUpperCase()}, ${stream.widthPx}×${stream.heightPx}`],
          [t('measured-rate'), t('per-second', { fps: decimals(measuredFps, 1) })],
          [t('first-picture'), t('after-ms', { ms: number(Math.round(firstFrameMs)) })],
          [
            t('decoding'),
            decodingCores === null
              ? undefined
              : t('of-a-core', {
                  share: percent(decodingCores),
                }),
          ],
          [t('encrypted'), connection && t(connection.isEncrypted ? 'yes' : 'no')],
          [t('analysed'), number(framesAnalysed)],
        ]}
      />
      {problems.map((problem) => (
        <Problem key={problem.code} of={problem} />
      ))}
      <h3>{t('faces-found', { count: faces.length })}</h3>
      <ul>
        {faces.map(({ widthPx, quality }, index) => (
          <li key={index}>
            {t('face-width', { widthPx: Math.round(widthPx) })}
            {quality !== null && quality.reasons.length > 0 && (
              <>
                {' '}
                <Icon name="warning" /> {t('faults', { faults: quality.reasons.map(qualityWord).join(', ') })}
              </>
            )}
          </li>
        ))}
      </ul>
      {faces.length === 0 && <p class="quiet">{t('stand-before')}</p>}
    </>
  );
}
