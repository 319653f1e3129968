import type { BoxStatus } from '../../contract/status.js';
import type { BoxCondition } from '../../kernel/events/notice.js';
import type { Finding } from './finding.js';

const words: Readonly<Record<BoxCondition, readonly [what: string, remedy: string]>> = {
  running: ['the daemon runs', ''],
  'disk-low': [
    'the disk is nearly full',
    'Free space on the disk of gallery and records; a full disk stops the recording of events.',
  ],
  'records-lost': [
    'records.db was lost, damaged or replaced: events and trusted issuers of commands may be missing',
    'Follow docs/how-to/recovery.md, "When records.db is lost"; add missing issuers (rollcall trust list, rollcall trust add), and check the disk; this message stays for a week.',
  ],
  'key-damaged': [
    'a key file is empty or damaged; without the box key the box publishes nothing',
    'Put the original file back and restart the daemon: see docs/how-to/recovery.md, "When a key file is damaged".',
  ],
  'certificate-expiring': [
    'a certificate of the broker connection or of the gate expires soon or has expired',
    "Renew it; 'rollcall status' shows which certificate it is.",
  ],
  'commands-refused': [
    'the box refuses commands again and again',
    "Run 'rollcall audit list --action command.refused' to see who sends them.",
  ],
  'client-id-contested': [
    'another client may be using the MQTT client id of this box; see the message about the broker',
    'Give each box its own client id (mqtt.clientId).',
  ],
  'topic-refused': [
    'the broker refuses a topic of this box',
    'Allow the topic in the broker: see docs/reference/broker.md.',
  ],
  'clock-jumped': ['the clock of this box was set to another time', 'Let a time server control the clock.'],
  'trust-altered': [
    'the list of trusted issuers differs from the audit log; the box ignores the differing entries',
    "Check 'rollcall trust list', add again the issuers that you trust, then run 'rollcall trust dismiss'.",
  ],
  'accounts-altered': [
    'the file of the accounts was altered, replaced or lost; the box does not use what does not fit',
    'Follow docs/how-to/recovery.md, "When accounts.db was changed"; this message stays for a week.',
  ],
  'records-altered': [
    'records.db was altered: rows are gone, or were written by somebody else; the box does not use what it did not write',
    'Follow docs/how-to/recovery.md, "When records.db was altered"; this message stays for a week.',
  ],
  'configuration-refused': [
    'the configuration file cannot be used; the box runs with the one that was in force last',
    "Run 'rollcall check-config', correct the file, then reload: systemctl reload rollcalld.",
  ],
  'vision-misbehaving': [
    'a vision process reports impossible data; a camera may be attacking it',
    "Check these cameras and who can reach them; 'rollcall status' shows what the box refused.",
  ],
  'recogniser-unfit': [
    'the recogniser cannot tell some persons of this site apart; it records no attendance for a face that fits two persons',
    "Run 'rollcall gallery calibrate' to see the pairs; then install another recogniser (docs/reference/models.md), enrol these persons again with more photos, or remove one of each pair (rollcall person remove) and let a second factor decide for both.",
  ],
  'gallery-unfit': [
    'the gallery does not allow the wanted error rates: too many unknown people would be recognised, or too many persons missed',
    "Run 'rollcall gallery calibrate' to see which persons are missed most; enrol more and better photos of them, made by the cameras of the site, or choose another identification.targetFpir (docs/explanation/calibration.md).",
  ],
  'logins-failing': [
    'five or more logins of one account or from one address failed within ten minutes',
    'Run \'rollcall audit list --action login\' to see from where; see docs/reference/accounts.md, "When logins fail".',
  ],
  'intrusion-suspected': [
    'a vision process or the gate tried to use an API that it never needs, and was refused; it was probably taken over',
    'Follow docs/how-to/recovery.md, "A process that was taken over".',
  ],
  'isolation-weakened': [
    'vision processes or the gate are less isolated than the installation provides',
    'Follow docs/how-to/recovery.md, "A wall that is missing".',
  ],
  overloaded: [
    'this box analyses fewer frames than its cameras need, so people who pass quickly may be missed',
    "Lower the resolution or the rates of its cameras (a camera's substream costs a tenth of the decoding), or add processor cores, a GPU or a second box; see docs/measurements/performance.md.",
  ],
};

type ShownConditions = Pick<BoxStatus, 'conditions' | 'conditionsAbout'>;

/** ` (attendance, unknown)`. */
function aboutText({ conditionsAbout = {} }: ShownConditions, condition: BoxCondition): string {
  const about = conditionsAbout[condition] ?? [];
  return about.length === 0 ? '' : ` (${about.join(', ')})`;
}

/** One warning for each condition except `running`. */
export function conditionFindings(status: ShownConditions): readonly Finding[] {
  const troubles = status.conditions.filter((condition) => condition !== 'running');
  return troubles.map((condition) => {
    const [what, remedy] = words[condition];
    const message = `${what}${aboutText(status, condition)}`;
    return { check: `condition ${condition}`, outcome: 'warning', message, remedy };
  });
}
