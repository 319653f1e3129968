import { operational, type RollcallError } from '../../kernel/errors.js';
import { said } from '../../kernel/said.js';
import { inEnglish } from '../../words/language.js';

/**
 * Why a device did not tell its profiles. `device-unknown`: nothing has shown yet that a device of ONVIF answers, so a caller must not
 * learn more. The messages are in `daemon/words/LANGUAGE/cameras.json`.
 */
export type DeviceFailureCode =
  | 'device-unknown'
  | 'device-silent'
  | 'device-answer-too-large'
  | 'device-answer-unusable'
  | 'device-redirects'
  | 'device-login-refused'
  | 'device-login-wanted'
  | 'device-login-unprotected'
  | 'device-locked'
  | 'device-forbids'
  | 'device-refuses'
  | 'device-services-elsewhere'
  | 'device-without-profiles';

/** `values`: what the message shows, already cleaned where the device said it. */
export function deviceFailure(
  code: DeviceFailureCode,
  values: Readonly<Record<string, string | number>> = {},
): RollcallError {
  const texts = inEnglish({
    message: said(`cameras/${code}`, values),
    remedy: said(`cameras/remedy-${code}`, values),
  });
  return operational(code, texts.message, texts);
}
