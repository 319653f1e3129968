import { type PassphraseTerminal, readPassphrase } from './key/key-passphrase.js';

/** Asks for `user:password`, or reads it from standard input: all users of a machine can read the arguments of a command. The caller wipes it. */
export function readCameraLogin(terminal?: PassphraseTerminal): Promise<Buffer> {
  return readPassphrase('user:password of the camera: ', terminal, 'login');
}
