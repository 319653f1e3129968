import { Store } from 'mqtt';

/**
 * Keeps nothing. The MQTT client would otherwise remember unacknowledged messages and send them again by itself; the
 * outbox is the only memory of what has not been delivered.
 */
export class NoStore extends Store {
  override put(...[, done]: Parameters<Store['put']>): this {
    done();
    return this;
  }

  /** The client deletes what was acknowledged, and takes a missing message for a failure to publish. */
  override del(...[, done]: Parameters<Store['del']>): this {
    done();
    return this;
  }
}
