import type { RollcallError } from '../../kernel/errors.js';
import { said } from '../../kernel/said.js';
import { refusal } from '../../words/errors.js';

const messages = {
  camera: 'no-such-camera:id',
  issuer: 'no-such-issuer:id',
  key: 'no-such-key:id',
  passage: 'no-such-passage:id',
  person: 'no-such-person:id',
  photograph: 'no-such-photograph:id',
  picture: 'no-such-picture:id',
  stranger: 'no-such-stranger:id',
} as const;

/** An error for an unknown id. `list` is the command that shows the known ids. */
export function notFound(what: keyof typeof messages, id: string, list: string): RollcallError {
  return refusal(messages[what], { id }, { remedy: said('errors/remedy-no-such-id', { list }) });
}
