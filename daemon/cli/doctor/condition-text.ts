import type { BoxStatus } from '../../control/box-control.js';
import type { BoxCondition } from '../../domain/events/notice.js';
import type { Finding } from './doctor-finding.js';

const words: Readonly<Record<BoxCondition, readonly [what: string, remedy: string]>> = {
  running: ['it runs', ''],
  'disk-low': [
    'the disk is nearly full',
    'free space on the file system of gallery and records before it is full',
  ],
  'records-lost': [
    'records.db was lost, damaged or replaced: events may be missing, and so may issuers of commands',
    'see docs/faults.md, "When records.db is lost"; add issuers that are missing (rollcall trust list, trust add), and check the disk; this is said for a week',
  ],
  'key-damaged': [
    'a file of keys is empty or damaged: without the box key nothing is published',
    'put it back as it was written and start the daemon again: see docs/faults.md, "When a key file is damaged"',
  ],
  'certificate-expiring': [
    'a certificate of the connection to the broker ends soon, or has ended',
    'renew it: the status shows which',
  ],
  'commands-refused': [
    'commands are refused again and again',
    "look at 'rollcall audit list --action command.refused' for whose they are",
  ],
  'client-id-contested': [
    'another client uses the MQTT client id of this box, or perhaps does: see what is said of the broker',
    'give each box a client id of its own (mqtt.clientId)',
  ],
  'topic-refused': ['the broker refuses a topic of this box', 'let the broker allow it: see docs/broker.md'],
  'clock-jumped': ['the clock was set', 'let a time server keep it'],
  'trust-altered': [
    'what the box trusts is not what its audit log says, and the box does not believe it',
    "look at 'rollcall trust list'; add again what you trust, then run 'rollcall trust dismiss'",
  ],
  'vision-misbehaving': [
    'a vision process says what the core cannot believe: a camera may be attacking it',
    "look at what these cameras send and who can reach them; 'rollcall status' says what was refused",
  ],
  'recogniser-unfit': [
    'the recogniser does not fit the people of this site: it cannot tell some of them apart, and books no attendance where it could be either of two',
    "'rollcall gallery calibrate' names the pairs; install another recogniser (docs/models.md), enrol these persons again with more photographs, or exclude one of each pair and check them by a second factor",
  ],
};

type Said = Pick<BoxStatus, 'conditions' | 'conditionsAbout'>;

/** ` (attendance, unknown)`. */
function aboutText({ conditionsAbout = {} }: Said, condition: BoxCondition): string {
  const about = conditionsAbout[condition] ?? [];
  return about.length === 0 ? '' : ` (${about.join(', ')})`;
}

/** What is the matter, without what should be. */
const matters = ({ conditions }: Said): readonly BoxCondition[] =>
  conditions.filter((condition) => condition !== 'running');

/** One warning for each. */
export function conditionFindings(status: Said): readonly Finding[] {
  return matters(status).map((condition) => {
    const [what, remedy] = words[condition];
    const message = `${what}${aboutText(status, condition)}`;
    return { check: `condition ${condition}`, outcome: 'warning', message, remedy };
  });
}
