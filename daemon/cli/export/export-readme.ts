import { counted } from '../../base/counted.js';
import type { PersonRecord } from '../../control/person-control.js';

/** What the files of one person's archive are, for somebody who has never seen such a system. */
export function readmeOf(record: PersonRecord): string {
  const { person, templates, photographs, evidence, events, corrections, audit } = record;
  return `Everything this system holds on you
===================================

An attendance system recognises faces at its cameras by comparing them with
photographs of those who are enrolled. This archive holds all it has stored on
the person with the id ${person.id}.

person.json
    Your name and what else was written down about you: when you were enrolled,
    the id another system knows you by, notes, and on what ground you were
    enrolled (your consent, its date, and where its proof is kept).

photographs/  (${counted(photographs.length, 'picture')})
    The photographs you were enrolled with, cut to your face.${damaged(record)}

templates.json  (${counted(templates.length, 'template')})
    What the system made of each photograph: a list of numbers that describes
    your face, the quality of the photograph (0 to 1), and the name of the
    program that made it. These numbers are what is compared at the cameras.
    They are written as base64; inside are 32-bit floating point numbers, lowest
    byte first.

attendance.json  (${counted(events.length, 'event')})
    Every time the system recognised you, or took something it was shown for
    your face: when, at which camera, which way you went, how similar the face
    was (1 is the same), and why it was taken for a living face. Times are in
    UTC, which may differ from your clock by some hours. It also tells when you
    were enrolled, and whether you were removed since.

corrections.json  (${counted(corrections.length, 'correction')})
    What somebody in charge put right about your attendance: which day, what,
    why, who did it and when.

evidence/  (${counted(evidence.length, 'picture')})
    Small pictures kept with such events; evidence.json tells which picture
    belongs to which event.

audit.json  (${counted(audit.length, 'entry', 'entries')})
    Who did what to these data: your enrolment, changes, every time somebody
    looked at them or made a copy such as this one.

persons.csv
    Your entry as a table, in the form in which another system of this kind can
    take it over together with the photographs.

You may ask for corrections, for the erasure of all this, and to withdraw your
consent at any time; those who run the system can do each with one command.
Keep this archive safe: whoever has it has your face and your movements.
`;
}

/** What the files of an export of everybody are. */
export const readmeOfAll = `Persons of an attendance system
===============================

persons.csv
    One row for each enrolled person: name, external id, notes, the ground of
    the enrolment (basis, date, reference), and the paths of their photographs.

photographs/
    The photographs they were enrolled with, in a folder for each person.

'rollcall person import' reads this back. Templates are not in it: they are made
anew from the photographs. Persons who were removed are not in it either.
These are personal data, biometric among them: nobody else may read this, and it
is to be deleted once it has served.
`;

/** Nothing is left out silently. */
function damaged({ person, photographs }: PersonRecord): string {
  const missing = person.photographIds.length - photographs.length;
  return missing === 0 ? '' : ` Not in it:\n    ${counted(missing, 'picture')} that can no longer be read.`;
}
