import { Store } from 'mqtt';

/**
 * Keeps nothing. The MQTT client would otherwise remember unacknowledged messages and send them again by itself; the
 * outbox is the only memory of what has not been delivered. Nor does it remember messages of QoS 2, which nobody asks for:
 * a broker that sends them all the same is answered, and not listened to. Its use after it was closed does no harm.
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

  override get(...[, done]: Parameters<Store['get']>): this {
    done(new Error('nothing is kept'));
    return this;
  }

  /** There is nothing to let go of; packets that came before the end may still be on their way through the client. */
  override close(...[done]: Parameters<Store['close']>): void {
    done();
  }
}
