import { counted } from '../../kernel/counted.js';
import type { PersonRecord } from './person-record.js';

/** Explains the files of one person's archive to that person. */
export function readmeOf(record: PersonRecord): string {
  const { person, templates, photographs, evidence, events, passages, corrections, audit } = record;
  return `All data that this system stores about you
==========================================

This attendance system recognises faces at its cameras. It compares them with
photos of enrolled persons. This archive contains all data that it stores
about the person with the id ${person.id}.

person.json
    Your name and the other data in your profile: the time of your enrolment,
    your id in another system, notes, and the legal ground of your enrolment
    (your consent, its date, and where the proof is kept).

photographs/  (${counted(photographs.length, 'picture')})
    The photos that you are recognised by, cut to your face.${damaged(record)}

templates.json  (${counted(templates.length, 'template')})
    For each photograph: a list of numbers that describes your face, the quality
    of the photo (0 to 1), and the name of the program that made the list.
    For a photo that was taken from a passage: which one, where and when.
    The system compares these numbers with the faces at its cameras. They are
    32-bit floating point numbers, lowest byte first, encoded as base64.

attendance.json  (${counted(events.length, 'event')})
    Every time that the system recognised you, or mistook another face or a
    picture for you: the time, the camera, your direction, the similarity of the
    face (1 is identical), and why the system judged the face to be live. Times
    are in UTC and may differ from your clock by a few hours. The file also shows
    when you were enrolled, and whether you were removed later.

passages.json  (${counted(passages.length, 'passage')})
    Every time in the last days that a camera saw you and the system recognised
    you: what it measured, what it decided, and why, in a sentence.

corrections.json  (${counted(corrections.length, 'correction')})
    Corrections of your attendance: the day, the change, the reason, who made
    it, and when.

evidence/  (${counted(evidence.length, 'picture')})
    Small pictures that belong to these events and passages. evidence.json shows
    which picture belongs to which event or passage.

audit.json  (${counted(audit.length, 'entry', 'entries')})
    Who did what with these data: your enrolment, every change, every time that
    a user read them or made a copy such as this one.

persons.csv
    Your profile as a table. Another system of this kind can import it together
    with the photos.

You may ask for corrections, ask for the erasure of all these data, and withdraw
your consent at any time. The operator of the system can do each of these with
one command. Keep this archive safe: it shows your face and your movements.
`;
}

/** Explains the files of an export of all persons. */
export const readmeOfAll = `Persons of an attendance system
===============================

persons.csv
    One row for each enrolled person: name, external id, notes, the legal ground
    of the enrolment (basis, date, reference), and the paths of the photos.

photographs/
    The photos that were used for enrolment, in one folder per person.

'rollcall person import' can import this archive. It contains no templates: an
import makes new templates from the photos. It does not contain persons who
were removed. These are personal data, including biometric data. Do not let
other people read them, and delete this archive when you no longer need it.
`;

/** Names photographs that are missing in the archive. */
function damaged({ person, photographs }: PersonRecord): string {
  const missing = person.photographIds.length - photographs.length;
  return missing === 0 ? '' : `\n    Missing: ${counted(missing, 'picture')} that can no longer be read.`;
}
