import { createHash } from 'node:crypto';
import type { CameraCredential } from '../ingest/camera-address.js';
import { readXml, textWithin, within, type XmlElement } from './xml-tree.js';

const security = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss';

/** A question to a service of a device. */
export interface Question {
  /** The namespace of the service, of which its answers are also. */
  readonly service: string;
  readonly action: string;
  /** What is asked, as XML within the element of the action. */
  readonly about?: string;
}

/** What a login with WS-Security is made of. */
export interface TokenParts {
  readonly credential: CameraCredential;
  /** The time of the device: it refuses a login that seems old. Milliseconds since the epoch. */
  readonly atMs: number;
  /** At least 16 random bytes that were not used before. */
  readonly nonce: Uint8Array;
}

export const xmlText = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** The message that asks it, with the login where one is given. */
export function questionText({ service, action, about = '' }: Question, token?: TokenParts): string {
  const header = token === undefined ? '' : `<s:Header>${tokenText(token)}</s:Header>`;
  return (
    '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">' +
    `${header}<s:Body><${action} xmlns="${service}">${about}</${action}></s:Body></s:Envelope>`
  );
}

/** A user name token with a digest (WS-Security UsernameToken Profile 1.0): it proves the password without sending it. */
function tokenText({ credential: { user, password }, atMs, nonce }: TokenParts): string {
  const created = new Date(atMs).toISOString();
  const proof = createHash('sha1').update(nonce).update(created).update(password, 'utf8').digest('base64');
  return (
    `<w:Security s:mustUnderstand="1" xmlns:w="${security}-wssecurity-secext-1.0.xsd" xmlns:u="${security}-wssecurity-utility-1.0.xsd">` +
    `<w:UsernameToken><w:Username>${xmlText(user)}</w:Username>` +
    `<w:Password Type="${security}-username-token-profile-1.0#PasswordDigest">${proof}</w:Password>` +
    `<w:Nonce EncodingType="${security}-soap-message-security-1.0#Base64Binary">${Buffer.from(nonce).toString('base64')}</w:Nonce>` +
    `<u:Created>${created}</u:Created></w:UsernameToken></w:Security>`
  );
}

/** What a device answered: the element in the body, or the fault that it names. */
export type SoapAnswer =
  | { readonly kind: 'answer'; readonly body: XmlElement }
  /** `codes`: from the outermost to the innermost, such as `Sender`, `NotAuthorized`. `reason`: not cleaned. */
  | { readonly kind: 'fault'; readonly codes: readonly string[]; readonly reason: string };

/** Undefined for what is no message of SOAP. @throws `xml-unusable` */
export function readSoap(text: string): SoapAnswer | undefined {
  const envelope = readXml(text);
  const body = envelope.name === 'Envelope' ? within(envelope, 'Body')?.children[0] : undefined;
  if (body === undefined) return undefined;
  if (body.name !== 'Fault') return { kind: 'answer', body };
  const codes: string[] = [];
  for (let code = within(body, 'Code'); code !== undefined; code = within(code, 'Subcode')) {
    codes.push(textWithin(code, 'Value').replace(/^.*:/, ''));
  }
  return {
    kind: 'fault',
    codes,
    reason: textWithin(body, 'Reason', 'Text') || textWithin(body, 'faultstring'),
  };
}
