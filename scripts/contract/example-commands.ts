import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, SignJWT } from 'jose';
import { type CommandName, scopeOf } from '../../daemon/contract/events/command-schema.js';
import { commandMessage } from '../../daemon/contract/events/messages.js';
import type { PublicJwk } from '../../daemon/core/commands/issuer-keys.js';
import { exampleBox, exampleTimeMs } from './example-box.js';

/** The centre of all examples. */
export const exampleIssuerId = 'head-office';

/** PKCS #8 of an Ed25519 key (RFC 8410 section 7) up to its seed. */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A key for examples only, made from a public text. */
function exampleIssuerKey(): KeyObject {
  const seed = createHash('sha256').update('rollcall: the EXAMPLE key of a centre; never trust it').digest();
  return createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' });
}

/** Commands without sealed arguments, because sealed content differs each time. */
const exampleArguments: Partial<Readonly<Record<CommandName, Readonly<Record<string, unknown>>>>> = {
  'erase-person': { person: 'b07c2d19-5a43-4f0e-8a61-c94d3e7f1250' },
  'resend-events': { from: 9, to: 14 },
  'acknowledge-events': { upTo: 17 },
  'set-camera': { camera: 'gate', enabled: false },
  'request-snapshot': { camera: 'gate', sealTo: 'hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo' },
  'request-picture': {
    event: '019cab24-9f80-7a3c-8d21-5b0e64f1c790',
    sealTo: 'hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo',
  },
  'rotate-keys': { key: 'identity' },
  'reload-configuration': {},
  'list-events': { kind: 'attendance', order: 'oldest-first', limit: 50 },
  'report-attendance': { from: '2026-03-01', to: '2026-03-31' },
  'list-alerts': { limit: 20 },
  'acknowledge-alert': { alert: '019cab24-9f80-7a3c-8d21-5b0e64f1c790' },
  'test-camera': { id: 'gate' },
  'list-passages': { outcome: 'unproven', limit: 20 },
  'show-passage': { passage: '0195550e-4b10-7c62-8a05-d1f7e93b6c28' },
  'mark-passage': { passage: '0195550e-4b10-7c62-8a05-d1f7e93b6c28', was: 'stranger' },
  'list-strangers': { limit: 20 },
  'merge-strangers': { stranger: 's-6v0n8k2dq4c1wz9xj7tbm3rhfp', others: ['s-3h9w5yf0tz8k1mq6ncr2xd4vbj'] },
  'split-stranger': {
    ...{ stranger: 's-6v0n8k2dq4c1wz9xj7tbm3rhfp' },
    passages: ['0195550e-4b10-7c62-8a05-d1f7e93b6c28'],
  },
  'ignore-stranger': { stranger: 's-6v0n8k2dq4c1wz9xj7tbm3rhfp' },
  'notice-stranger': { stranger: 's-6v0n8k2dq4c1wz9xj7tbm3rhfp' },
  'discard-stranger': { stranger: 's-6v0n8k2dq4c1wz9xj7tbm3rhfp' },
  'call-operation': {
    operation: 'passages.show',
    input: { passage: '0195550e-4b10-7c62-8a05-d1f7e93b6c28' },
  },
};

export interface ExampleCommand {
  /** Name of the message in the contract. */
  readonly name: string;
  readonly command: CommandName;
  /** A compact JWS, valid for five minutes from the time of the examples. */
  readonly token: string;
}

export interface ExampleCommands {
  readonly publicKey: PublicJwk & { readonly kid: string };
  readonly commands: readonly ExampleCommand[];
}

/** Commands of the example centre for the example box; always the same. */
export async function exampleCommands(): Promise<ExampleCommands> {
  const privateKey = exampleIssuerKey();
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const jwk = { kty: 'OKP', crv: 'Ed25519', x } as const;
  const kid = await calculateJwkThumbprint(jwk);
  const iat = Math.floor(exampleTimeMs / 1000);
  const signed = commandNamesWithExample().map(async ([command, given], index) => {
    const jti = `0195550e-8c00-7a31-9d6e-2f6f0c7b1a${(0x44 + index).toString(16)}`;
    const token = await new SignJWT({ command, scope: scopeOf(command, given), arguments: given })
      .setProtectedHeader({ alg: 'EdDSA', kid })
      .setIssuer(exampleIssuerId)
      .setAudience(`${exampleBox.siteId}/${exampleBox.boxId}`)
      .setJti(jti)
      .setIssuedAt(iat)
      .setExpirationTime(iat + 300)
      .sign(privateKey);
    return { name: commandMessage(command).name, command, token };
  });
  return { publicKey: { ...jwk, kid }, commands: await Promise.all(signed) };
}

function commandNamesWithExample(): readonly (readonly [CommandName, Readonly<Record<string, unknown>>])[] {
  return Object.entries(exampleArguments) as [CommandName, Readonly<Record<string, unknown>>][];
}

/** The files of the commands in docs/contract/examples. */
export function commandFiles({ publicKey, commands: signed }: ExampleCommands): ReadonlyMap<string, string> {
  return new Map([
    ['issuer.jwk', `${JSON.stringify(publicKey)}\n`],
    ...signed.map(({ name, token }) => [`${name}.jwt`, token] as const),
  ]);
}
