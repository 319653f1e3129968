import { call } from './call.js';
import { me } from './session.js';

/** Learns who is logged in, also anew after a change of the account. */
export async function learnMe(): Promise<void> {
  me.value = await call('auth.me');
}
