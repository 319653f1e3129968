import type { BoxState } from './sync-box-process.js';
import type { Traffic } from './sync-link.js';

/** A part of the work, measured at both ends. */
export interface Span<T> {
  readonly result: T;
  readonly seconds: number;
  /** Of the box. */
  readonly longestHoldMs: number;
  /** Of the box and of the centre, milliseconds of a processor. */
  readonly cpuMs: { readonly box: number; readonly centre: number };
  readonly traffic: Traffic;
}

/** Of how many boxes the arithmetic at the end speaks. */
const arithmeticBoxes = 100;

const text = (value: number): string => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);

export function sayLine(name: string, what: string): void {
  console.log(`${name.padEnd(46)} ${what}`);
}

/** Bytes of messages as they are, without headers of MQTT. */
export function saySpan(name: string, { seconds, longestHoldMs, cpuMs, traffic }: Span<unknown>): void {
  const { commands, sentBytes, receivedBytes, largestReplyBytes } = traffic;
  sayLine(
    name,
    [
      `${text(seconds)} s`,
      `${commands} commands`,
      `${text(sentBytes / 1000)} kB sent, ${text(receivedBytes / 1000)} kB received`,
      `largest reply ${text(largestReplyBytes / 1000)} kB`,
      `event loop held ${text(longestHoldMs)} ms at most`,
      `processor: box ${text(cpuMs.box)} ms, centre ${text(cpuMs.centre)} ms`,
    ].join('; '),
  );
}

export function sayState(name: string, state: BoxState): void {
  const { residentMiB, galleryMB, recordsMB, outboxDepth } = state;
  sayLine(
    name,
    `${text(residentMiB)} MiB resident; gallery.db ${text(galleryMB)} MB, records.db ${text(recordsMB)} MB; ${outboxDepth} events wait`,
  );
}

export interface Measured {
  readonly persons: number;
  /** With played networks. */
  readonly enrolment: Span<unknown>;
  /** With real ones, where there were photographs. */
  readonly pictured: Span<unknown> | undefined;
  /** One digest. */
  readonly proof: Span<unknown>;
}

/** What the figures of one box would make of a hundred: multiplied, not measured. */
export function sayArithmetic({ persons, enrolment, pictured, proof }: Measured): void {
  console.log(
    `\narithmetic for ${arithmeticBoxes} boxes with ${persons} persons each, from the figures above; not measured`,
  );
  const per = pictured ?? enrolment;
  const name = pictured === undefined ? 'played networks' : 'real networks and these photographs';
  const { commands, sentBytes, receivedBytes } = per.traffic;
  const total = arithmeticBoxes * persons;
  sayLine(
    'enrolling all persons, at one box',
    `${text((persons * per.seconds) / commands / 3600)} h (${name})`,
  );
  sayLine(
    'the centre, on one processor',
    `${text((total * per.cpuMs.centre) / commands / 3.6e6)} h for ${total} commands`,
  );
  sayLine(
    'through the broker',
    `${text((total * sentBytes) / commands / 1e9)} GB of commands, ${text((total * receivedBytes) / commands / 1e9)} GB of replies`,
  );
  sayLine(
    'proving that all agree',
    `${text(proof.seconds)} s at each box, side by side; the centre: ${text((arithmeticBoxes * proof.cpuMs.centre) / 1000)} s of a processor`,
  );
}
