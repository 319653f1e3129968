import { createServer } from 'node:net';
import { Aedes } from 'aedes';

/** A broker on the given port of the loopback interface, until it gets the order to end: see cameras-broker.ts. */
const broker = await Aedes.createBroker();
createServer((socket) => broker.handle(socket)).listen(Number(process.argv[2]), '127.0.0.1');
