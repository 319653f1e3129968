import type { IncomingHttpHeaders } from 'node:http';
import { type OperationDeclaration, takesIdempotencyKey } from '../contract/operation.js';
import { badRequest } from './body-stream.js';

const keyForm = /^[\x21-\x7e]{8,128}$/;

/**
 * The input with the key of the header `Idempotency-Key`, where the operation takes one. Other operations ignore the header.
 * @throws `bad-request` for a key of another form, and where header and field differ
 */
export function withIdempotencyKey(
  declaration: OperationDeclaration,
  headers: IncomingHttpHeaders,
  input: object,
): object {
  const given = headers['idempotency-key'];
  if (given === undefined || !takesIdempotencyKey(declaration)) return input;
  if (typeof given !== 'string' || !keyForm.test(given)) {
    throw badRequest(
      'its header Idempotency-Key is not a key',
      'send 8 to 128 characters of ASCII without spaces, such as a random UUID',
    );
  }
  const { idempotencyKey = given } = input as { readonly idempotencyKey?: string };
  if (idempotencyKey !== given) {
    throw badRequest('its header Idempotency-Key and its field idempotencyKey differ', 'give one of them');
  }
  return { ...input, idempotencyKey };
}
