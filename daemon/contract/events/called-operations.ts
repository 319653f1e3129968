import { z } from 'zod';
import { alert, alertOperations } from '../../contract/alerts.js';
import { attendanceOperations, reportItem } from '../../contract/attendance.js';
import { cameraOperations, cameraTest } from '../../contract/cameras.js';
import { eventOperations, shownEvent } from '../../contract/events.js';
import { passageDetails, passageItem, passageOperations } from '../../contract/passages.js';
import { strangerOperations, strangerSummary } from '../../contract/strangers.js';
import { largestTokenBytes } from './terms.js';

const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({
    items: z.array(item).readonly(),
    nextCursor: z.string().optional().describe('`cursor` of the next command; absent on the last page'),
  });

const ofPassages = { scope: 'passages', largestBytes: largestTokenBytes } as const;
const ofStrangers = { scope: 'strangers', largestBytes: largestTokenBytes } as const;
const oneStranger = z.strictObject({ stranger: strangerSummary });

/** Commands that take the input of an operation and give its answer. What is in them is in events, too: ids, no names. */
export const calledOperations = {
  'list-events': {
    scope: 'events',
    largestBytes: largestTokenBytes,
    arguments: eventOperations['events.list'].input,
    result: pageOf(shownEvent),
  },
  'report-attendance': {
    scope: 'attendance',
    largestBytes: largestTokenBytes,
    arguments: attendanceOperations['attendance.report'].input,
    result: z.strictObject({ items: z.array(reportItem).readonly() }),
  },
  'list-alerts': {
    scope: 'alerts',
    largestBytes: largestTokenBytes,
    arguments: alertOperations['alerts.list'].input,
    result: pageOf(alert),
  },
  'acknowledge-alert': {
    scope: 'alerts',
    largestBytes: largestTokenBytes,
    arguments: alertOperations['alerts.acknowledge'].input,
    result: z.strictObject({ alert }),
  },
  'test-camera': {
    scope: 'cameras',
    largestBytes: largestTokenBytes,
    arguments: cameraOperations['cameras.test'].input,
    result: z.strictObject({ test: cameraTest }),
  },
  'list-passages': {
    ...ofPassages,
    arguments: passageOperations['passages.list'].input,
    result: pageOf(passageItem),
  },
  'show-passage': {
    ...ofPassages,
    arguments: passageOperations['passages.show'].input,
    result: z.strictObject({ passage: passageDetails }),
  },
  'mark-passage': {
    ...ofPassages,
    arguments: passageOperations['passages.mark'].input,
    result: z.strictObject({ mark: passageOperations['passages.mark'].answer.schema }),
  },
  'list-strangers': {
    ...ofStrangers,
    arguments: strangerOperations['strangers.list'].input,
    result: pageOf(strangerSummary),
  },
  'merge-strangers': {
    ...ofStrangers,
    arguments: strangerOperations['strangers.merge'].input,
    result: oneStranger,
  },
  'split-stranger': {
    ...ofStrangers,
    arguments: strangerOperations['strangers.split'].input,
    result: oneStranger,
  },
  'ignore-stranger': {
    ...ofStrangers,
    arguments: strangerOperations['strangers.ignore'].input,
    result: oneStranger,
  },
  'notice-stranger': {
    ...ofStrangers,
    arguments: strangerOperations['strangers.notice'].input,
    result: oneStranger,
  },
  'discard-stranger': {
    ...ofStrangers,
    arguments: strangerOperations['strangers.discard'].input,
    result: z.strictObject({ lost: strangerOperations['strangers.discard'].answer.schema }),
  },
} as const;
