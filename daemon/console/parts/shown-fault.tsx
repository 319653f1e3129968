import type { ComponentChildren } from 'preact';
import { type ApiError, unreachable } from '../api/api-error.js';
import type en from '../messages/en/parts.json';
import { wordsOf } from '../words/words.js';
import { Icon } from './icon.js';

const t = wordsOf<typeof en>('parts');

interface FaultProps {
  readonly error: ApiError | undefined;
  /** Offers to try again. */
  readonly onRetry?: () => void;
}

/** What went wrong, as the API says it: sentence, remedy, code. Shows nothing without an error. */
export function Fault({ error, onRetry }: FaultProps) {
  if (error === undefined) return null;
  const isAway = error.code === unreachable && error.message === '';
  return (
    <div class="fault" role="alert">
      <Icon name="warning" />
      <div>
        <p class="what">{isAway ? t('unreachable') : sentence(error.message)}</p>
        {isAway ? (
          <p>{t('unreachable-remedy')}</p>
        ) : (
          error.remedy && <Remedy>{sentence(error.remedy)}</Remedy>
        )}
        {!isAway && (
          <p class="quiet">
            {t('code', { code: error.code })}
            {error.requestId !== undefined && ` · ${t('request', { id: error.requestId })}`}
          </p>
        )}
        {error.code === 'approval-required' && (
          <p>
            <a href="/system/approvals">{t('to-approvals')}</a>
          </p>
        )}
        {onRetry && (
          <button type="button" class="small secondary" onClick={onRetry}>
            {error.code === 'changed-meanwhile' ? t('load-anew') : t('again')}
          </button>
        )}
      </div>
    </div>
  );
}

/** What to do about something. */
export function Remedy({ children }: { readonly children: ComponentChildren }) {
  return (
    <p class="remedy">
      <strong>{t('remedy')}</strong> {children}
    </p>
  );
}

interface ToldProps {
  readonly message?: string | undefined;
  readonly remedy?: string | undefined;
}

/** What the box says of something, and what to do about it, within a text. */
export const Told = ({ message, remedy }: ToldProps) => (
  <>
    {message && <p>{sentence(message)}</p>}
    {remedy && <Remedy>{sentence(remedy)}</Remedy>}
  </>
);

interface ProblemProps {
  readonly of: {
    readonly code?: string | undefined;
    readonly message: string;
    readonly remedy?: string | undefined;
  };
}

/** Why a part of the box does not work, and what to do about it. */
export function Problem({ of: { code, message, remedy } }: ProblemProps) {
  return (
    <div class="fault">
      <Icon name="warning" />
      <div>
        <p class="what">{sentence(message)}</p>
        {remedy && <Remedy>{sentence(remedy)}</Remedy>}
        {code && <p class="quiet">{t('code', { code })}</p>}
      </div>
    </div>
  );
}

/** The API writes errors as in a log line; here they begin like sentences and end like them. */
export function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?:…]$/.test(begun) ? begun : `${begun}.`;
}
