import { isRollcallError, messageOf, type RollcallError } from '../../kernel/errors.js';
import { failure } from '../../words/errors.js';

/** MQTT 5, section 2.4. */
const notAuthorised = 0x87;
export const packetTooLarge = 0x95;
/** MQTT 5, section 2.4: a quota of the broker or of its administrator. */
const quotaExceeded = 0x97;

/**
 * MQTT 5 reason codes (section 3.4.2.1) that refuse the message or its topic, not the connection: unspecified,
 * implementation specific, not authorised, topic name invalid, payload format invalid. A new connection would not help.
 */
const topicRefusals: ReadonlySet<number> = new Set([0x80, 0x83, notAuthorised, 0x90, 0x99]);

export const refusesTopic = (reasonCode: number): boolean => topicRefusals.has(reasonCode);

/** The broker has acknowledged nothing for `silentMs` although messages are on their way. */
export function brokerSilence(silentMs: number): RollcallError {
  const silentS = Math.round(silentMs / 1000);
  return failure('broker-silent:unacknowledged', { silentS }, { retryable: true });
}

/** Turns any cause of the end of a connection into a `RollcallError`. */
export function asPublishError(error: unknown): RollcallError {
  if (isRollcallError(error)) return error;
  return failure('publish-failed', { reason: messageOf(error) }, { cause: error, retryable: true });
}

/** The broker answered a message with a reason code that refuses it (MQTT 5, section 3.4.2.1). */
export function publishRefused(topic: string, reasonCode: number, cause: Error): RollcallError {
  const values = { topic, reason: cause.message };
  const context = { cause, details: { topic, reasonCode } };
  return reasonCode === quotaExceeded
    ? failure('broker-publish-refused:quota', values, { ...context, retryable: true })
    : failure('broker-publish-refused:topic-refused', values, context);
}

/** The message is larger than the limit that the broker announced. */
export function messageTooLarge(topic: string, packetBytes: number, largestBytes: number): RollcallError {
  const details = { topic, reasonCode: packetTooLarge };
  return failure('broker-publish-refused:too-large', { topic, packetBytes, largestBytes }, { details });
}

/**
 * When the broker hangs up on an event of this size or more, the size is the suspect; below it, the topic is. An event
 * without a picture has one or two thousand bytes, and common brokers take 128 KiB or more.
 */
const largeBytes = 65_536;

export const isLargeEvent = ({
  event,
  sizeBytes,
}: {
  readonly event?: unknown;
  readonly sizeBytes: number;
}): boolean => event !== undefined && sizeBytes >= largeBytes;

interface MessageOnTheWay {
  readonly pattern: string;
  readonly topic: string;
  readonly sizeBytes: number;
  readonly event?: unknown;
}

/**
 * The refusal of a message on which the broker hung up, because it cannot send a refusal. `details.retryInMs`: time until
 * the box may try again.
 */
export function hangUpError(
  { pattern, topic, event, sizeBytes }: MessageOnTheWay,
  hangUps: number,
  pauseMs: number,
): RollcallError {
  const retryInMs = Math.ceil(pauseMs);
  if (isLargeEvent({ event, sizeBytes })) {
    return failure(
      'broker-publish-refused:hang-up',
      { hangUps, pattern, sizeBytes },
      { details: { topic, reasonCode: packetTooLarge, retryInMs } },
    );
  }
  const message =
    hangUps === 1
      ? `the broker hung up on a message to "${pattern}"`
      : `the broker hung up ${hangUps} times on messages to "${pattern}" and took none`;
  return failure(
    'broker-publish-refused:topic',
    { message },
    { details: { topic, reasonCode: notAuthorised, retryInMs } },
  );
}

/** The same for a subscription. */
export const subscriptionHangUp = (topic: string): RollcallError =>
  failure('broker-subscribe-refused:hang-up', { topic }, { details: { topic } });

/** The broker ended an established connection: without a message, or with a reason (MQTT 5, DISCONNECT). */
export const isHangUp = (error: unknown): boolean =>
  isRollcallError(error, 'broker-connection-lost') || isRollcallError(error, 'broker-not-authorised');

/** The reason code with which the broker refused a message; undefined for any other failure. */
export function refusalCodeOf(error: unknown): number | undefined {
  return isRollcallError(error, 'broker-publish-refused') ? reasonCodeOf(error) : undefined;
}

/** The reason code with which the broker refused a message or ended a connection. */
export function reasonCodeOf({ details: { reasonCode } }: RollcallError): number | undefined {
  return typeof reasonCode === 'number' ? reasonCode : undefined;
}

/** Time until a refused message may be tried again, milliseconds; undefined where the error does not say. */
export function retryDelayOf(error: unknown): number | undefined {
  if (!isRollcallError(error)) return undefined;
  const { retryInMs } = error.details;
  return typeof retryInMs === 'number' ? retryInMs : undefined;
}
