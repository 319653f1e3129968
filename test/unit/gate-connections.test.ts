import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { gateLimits } from '../../daemon/contract/gate-settings.js';
import { Connections } from '../../daemon/gate/connections.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

/** A caller's socket that only knows where it comes from and whether it was ended. */
class FakeSocket extends EventEmitter {
  destroyed = false;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;

  constructor(remoteAddress: string | undefined, remotePort: number | undefined) {
    super();
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
  }

  destroy(): this {
    this.destroyed = true;
    return this;
  }

  close(): void {
    this.emit('close');
  }
}

function openConnections(limits: Partial<typeof gateLimits._output> = {}) {
  const clock = new VirtualClock();
  const connections = new Connections(clock, { ...gateLimits.parse({}), ...limits });
  let port = 1_000;
  const dial = (address = '192.0.2.7') => {
    port += 1;
    const socket = new FakeSocket(address, port);
    connections.admit(socket as unknown as Socket);
    return { socket, connection: connections.of(socket) };
  };
  const served = (address?: string) => {
    const { socket, connection } = dial(address);
    assert.ok(connection !== undefined);
    return { socket, connection, end: connections.begin(connection) };
  };
  return { clock, connections, dial, served };
}

test('a gate without settings of its own has the bounds of its page of the reference, each at least 1', () => {
  const defaults = {
    ...{ connections: 2_000, connectionsPerAddress: 200, requestsAtOnce: 256, requestsAtOncePerAddress: 64 },
    ...{ requestsHeld: 1_024, requestsHeldPerAddress: 128, requestsPerConnection: 1_000 },
    ...{ streamsPerConnection: 32, headersMs: 10_000, idleMs: 30_000, bodyIdleMs: 15_000 },
    ...{ readIdleMs: 30_000, signOfLifeMs: 30_000 },
  };
  assert.deepEqual(gateLimits.parse({}), defaults);
  for (const name of Object.keys(defaults)) {
    assert.deepEqual(
      [0, 1].map((value) => gateLimits.safeParse({ [name]: value }).success),
      [false, true],
      name,
    );
  }
});

describe('connections of the gate', () => {
  test('end after the time for headers before their first request, and after the idle time behind it', () => {
    const { clock, connections, dial, served } = openConnections({ headersMs: 1_000, idleMs: 5_000 });
    const silent = dial();
    const idle = served();
    const busy = served();
    idle.end();
    const endedAfter = (ms: number) => {
      clock.advanceTo(ms);
      connections.sweep();
      return [silent, idle, busy].map(({ socket }) => socket.destroyed);
    };
    assert.deepEqual(endedAfter(999), [false, false, false]);
    assert.deepEqual(endedAfter(1_000), [true, false, false]);
    assert.equal(connections.takeRefused(), 1, 'a connection without a request is counted');
    silent.socket.close();
    assert.deepEqual(endedAfter(4_999), [true, false, false]);
    assert.deepEqual(endedAfter(5_000), [true, true, false]);
    idle.socket.close();
    assert.equal(connections.takeRefused(), 0, 'a connection that was served is not');
    clock.advanceTo(60_000);
    busy.end();
    assert.deepEqual(endedAfter(64_999), [true, true, false], 'the idle time begins when a request ends');
    assert.deepEqual(endedAfter(65_000), [true, true, true]);
  });

  test('are refused beyond the limit of an address, until one of its own ends', () => {
    const { connections, dial } = openConnections({ connectionsPerAddress: 2 });
    const [first, , third] = [dial(), dial(), dial()];
    assert.deepEqual([third?.socket.destroyed, third?.connection], [true, undefined]);
    assert.equal(connections.takeRefused(), 1);
    assert.equal(connections.takeRefused(), 0, 'each is counted once');
    assert.equal(dial('192.0.2.8').socket.destroyed, false, 'another address has places of its own');
    first?.socket.close();
    assert.equal(connections.count, 2);
    assert.equal(dial().socket.destroyed, false);
    assert.equal(dial().socket.destroyed, true);
  });

  test('count together within one IPv6 network, and for IPv4 however the socket writes it', () => {
    const { dial } = openConnections({ connectionsPerAddress: 1 });
    assert.equal(dial('2001:db8:1:2::1').socket.destroyed, false);
    assert.equal(dial('2001:db8:1:2::9').socket.destroyed, true);
    assert.equal(dial('2001:db8:1:3::1').socket.destroyed, false);
    assert.equal(dial('::ffff:192.0.2.7').socket.destroyed, false);
    assert.equal(dial('192.0.2.7').socket.destroyed, true);
  });

  test('take the place of the oldest silent one, then of the one that is idle longest, and of no busy one', () => {
    const { connections, dial, served } = openConnections({ connections: 3 });
    const [firstIdle, secondIdle] = [served('192.0.2.1'), served('192.0.2.2')];
    const silent = dial('192.0.2.3');
    secondIdle.end();
    firstIdle.end();
    assert.equal(served('192.0.2.4').socket.destroyed, false);
    assert.deepEqual(
      [silent, firstIdle, secondIdle].map(({ socket }) => socket.destroyed),
      [true, false, false],
    );
    assert.equal(connections.takeRefused(), 1);
    served('192.0.2.5');
    assert.deepEqual([firstIdle.socket.destroyed, secondIdle.socket.destroyed], [false, true]);
    assert.equal(connections.takeRefused(), 0, 'a connection that was served is not refused');
    served('192.0.2.6');
    assert.equal(firstIdle.socket.destroyed, true);
    assert.equal(dial('192.0.2.7').socket.destroyed, true, 'all others are busy');
    assert.equal(connections.count, 3);
  });

  test('that have ended give no place a second time', () => {
    const { dial, served } = openConnections({ connections: 2 });
    const silent = dial();
    const idle = served();
    idle.end();
    silent.socket.close();
    idle.socket.close();
    served();
    served();
    assert.equal(dial().socket.destroyed, true, 'all are busy');
  });

  test('are idle only when all their requests are answered', () => {
    const { connections, dial, served } = openConnections({ connections: 1 });
    const { socket, connection, end } = served();
    const endSecond = connections.begin(connection);
    end();
    assert.equal(dial().socket.destroyed, true);
    endSecond();
    assert.equal(dial().socket.destroyed, false);
    assert.equal(socket.destroyed, true);
  });

  test('that have ended do not take the place of a newer one with the same address and port', () => {
    const { connections } = openConnections({ connections: 1 });
    const before = new FakeSocket('192.0.2.7', 1);
    connections.admit(before as unknown as Socket);
    const ended = connections.of(before);
    assert.ok(ended !== undefined);
    const end = connections.begin(ended);
    end();
    const endAgain = connections.begin(ended);
    connections.admit(new FakeSocket('192.0.2.8', 2) as unknown as Socket);
    assert.equal(before.destroyed, false, 'it has a request again');
    endAgain();
    const between = new FakeSocket('192.0.2.8', 3);
    connections.admit(between as unknown as Socket);
    assert.equal(before.destroyed, true);
    between.close();
    const after = new FakeSocket('192.0.2.7', 1);
    connections.admit(after as unknown as Socket);
    const late = connections.begin(ended);
    late();
    before.close();
    assert.equal(connections.count, 1);
    const newer = connections.of(after);
    assert.ok(newer !== undefined && newer !== ended);
    connections.begin(newer);
    const third = new FakeSocket('192.0.2.8', 4);
    connections.admit(third as unknown as Socket);
    assert.deepEqual([after.destroyed, third.destroyed], [false, true]);
  });

  test('without an address are refused', () => {
    const { connections } = openConnections();
    for (const socket of [new FakeSocket(undefined, 1), new FakeSocket('192.0.2.7', undefined)]) {
      connections.admit(socket as unknown as Socket);
      assert.equal(socket.destroyed, true);
      assert.equal(connections.of(socket), undefined);
    }
    assert.equal(connections.count, 0);
  });

  test('have places at the core and in memory, in all and by address, that are given back', () => {
    const { connections, dial } = openConnections({
      ...{ requestsAtOnce: 3, requestsAtOncePerAddress: 2, requestsHeld: 4, requestsHeldPerAddress: 3 },
    });
    const [one, other] = [dial('192.0.2.1').connection, dial('192.0.2.2').connection];
    assert.ok(one !== undefined && other !== undefined);
    const [back] = [connections.takePlace(one), connections.takePlace(one)];
    assert.equal(connections.takePlace(one), undefined);
    const backOfOther = connections.takePlace(other);
    assert.ok(backOfOther !== undefined);
    assert.equal(connections.takePlace(other), undefined);
    assert.equal(connections.requests, 3);
    back?.();
    assert.equal(connections.requests, 2);
    assert.ok(connections.takePlace(one) !== undefined);
    backOfOther();
    assert.equal(connections.takePlace(one), undefined, 'a place of the other address does not count');
    const held = [one, one, one, one, other, other].map((each) => connections.hold(each));
    assert.deepEqual(
      held.map((each) => each !== undefined),
      [true, true, true, false, true, false],
    );
  });

  test('may give up 50 streams at once, and one more each fifth of a second', () => {
    const { clock, dial } = openConnections();
    const resets = dial().connection?.resets;
    const taken = () => Array.from({ length: 60 }, () => resets?.take()).filter(Boolean).length;
    assert.equal(taken(), 50);
    clock.advanceBy(1_000);
    assert.equal(taken(), 5);
  });

  test('all end with the gate', () => {
    const { connections, dial, served } = openConnections();
    const all = [dial(), served()];
    connections.endAll();
    assert.deepEqual(
      all.map(({ socket }) => socket.destroyed),
      [true, true],
    );
  });
});
