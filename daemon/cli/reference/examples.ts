import { commandsOf, type NamedCommand } from './command-tree.js';

/** A line to type, and what it does. */
export type Example = readonly [line: string, does: string];

/** Examples of every command that does something, by its words behind `rollcall`. */
const examples: Readonly<Record<string, readonly Example[]>> = {
  status: [
    ['rollcall status', 'show what the box is doing'],
    ['rollcall status --json', 'the same for a program'],
  ],
  'check-config': [
    ['rollcall check-config', 'check the configuration of this box'],
    ['rollcall check-config new.yaml', 'check a file before it is put in place'],
  ],
  doctor: [['sudo rollcall doctor', 'look at everything that the daemon needs']],
  'mqtt check': [['sudo rollcall mqtt check', 'go the way to the broker step by step']],
  'camera list': [['rollcall camera list', 'show the state of every camera']],
  'camera test': [
    ['rollcall camera test front-door', 'open one camera and say what it shows'],
    ['rollcall camera test rtsp://192.0.2.10/stream2 --login', 'the same before anything is configured'],
    ['rollcall camera test rtsps://192.0.2.10/stream2', 'show a certificate, to compare its fingerprint'],
  ],
  'camera release': [['rollcall camera release front-door', 'take back what a centre switched']],
  liveness: [
    ['rollcall liveness gate.mp4', 'say whether a clip shows a live person'],
    [
      'rollcall liveness gate.mp4 --challenge turn-left,nod,blink-twice',
      'and whether it does this, in order',
    ],
  ],
  'person add': [
    ["rollcall person add 'Ada Lovelace' --image ada-1.jpg ada-2.jpg", 'enrol from two photographs'],
    ['rollcall person add --profile ada.json --image ada.jpg', 'keep the name out of the arguments'],
  ],
  'person list': [
    ['rollcall person list', 'show who is enrolled'],
    ['rollcall person list --removed', 'show those too who were removed'],
  ],
  'person show': [["rollcall person show 'Ada Lovelace'", 'show one person by name']],
  'person rename': [["rollcall person rename p-4hz8 'Ada King'", 'by the beginning of the id']],
  'person set': [
    ["rollcall person set 'Ada King' --external-id E-17", 'write down what another system calls her'],
    ["rollcall person set 'Ada King' --notes ''", 'take the notes away'],
  ],
  'person remove': [["rollcall person remove 'Ada King'", 'ask, then stop recognising her']],
  'person restore': [["rollcall person restore 'Ada King'", 'recognise her again']],
  'person erase': [
    ["rollcall person erase 'Ada King' --certificate ada.json", 'erase her and keep the proof'],
  ],
  'person withdraw': [["rollcall person withdraw 'Ada King'", 'erase her biometric data']],
  'person export': [
    ["rollcall person export 'Ada King' --out ada.zip", 'write everything held on her'],
    ['rollcall person export --all --out everybody.zip', 'write what another box can import'],
  ],
  'person import': [
    ['rollcall person import persons.csv --dry-run', 'check every row; store nothing'],
    ['rollcall person import persons.zip --skip-refused', 'import the rows that can be used'],
  ],
  'events tail': [
    ['rollcall events tail', 'show the last ten events and wait for new ones'],
    ['rollcall events tail --last 0 --json', 'new events only, one JSON object a line'],
  ],
  'events list': [
    ["rollcall events list --since 1h --person 'Ada King'", 'events of the last hour about one person'],
    ['rollcall events list --kind unknown --since today', 'strangers since midnight'],
  ],
  'events show': [['rollcall events show 1234', 'show an event by its sequence']],
  'events verify': [
    ['mosquitto_sub -t "rollcall/#" -C 100 -v | rollcall events verify', 'check 100 messages of a broker'],
    ['rollcall events verify captured.txt --keys box.jwks', 'check a file with keys that were kept'],
  ],
  'events resend': [['rollcall events resend --from 100 --to 200', 'ask, then send these events again']],
  'outbox status': [['rollcall outbox status', 'show what waits for the broker, and why']],
  'alerts list': [['rollcall alerts list --state failed', 'show alerts that did not arrive']],
  'alerts test': [['rollcall alerts test', 'send a test alert to every channel']],
  'attendance today': [['rollcall attendance today', 'show who is there and who is expected']],
  'attendance report': [
    ['rollcall attendance report --from yesterday --to today', 'two days of everybody'],
    [
      "rollcall attendance report --from 2026-11-01 --to 2026-11-30 --person 'Ada King' --csv > ada.csv",
      'a month of one person for a spreadsheet',
    ],
  ],
  'attendance correct': [
    [
      "rollcall attendance correct 'Ada King' --date yesterday --in 8:05 --reason 'camera was off'",
      'put a time of arrival right',
    ],
  ],
  'key status': [['rollcall key status', 'show whether the gallery is open, and its keys']],
  'key init': [['sudo rollcall key init', 'make the first key of a new gallery']],
  'key unlock': [['sudo rollcall key unlock', 'type the passphrase of a sealed gallery']],
  'key rotate': [['sudo rollcall key rotate', 'give the gallery another key']],
  'key providers': [['rollcall key providers', 'show where a key can come from on this machine']],
  'identity show': [
    ['rollcall identity show', 'show the fingerprint to compare at the centre'],
    ['rollcall identity show --jwks > box.jwks', 'keep the keys to check messages with'],
  ],
  'identity rotate': [['rollcall identity rotate', 'ask, then sign with another key']],
  'gallery status': [['rollcall gallery status', 'show what the gallery holds']],
  'gallery calibrate': [
    ['rollcall gallery calibrate', 'show the threshold of each person, and persons who look alike'],
  ],
  'gallery verify': [['rollcall gallery verify', 'open every field and name what is damaged']],
  'gallery re-embed': [
    ['rollcall gallery re-embed --to NAME --wait', 'make the templates of another recogniser'],
    ['rollcall gallery re-embed --cancel', 'delete what was made for it'],
  ],
  'trust list': [['rollcall trust list', 'show whose commands the box executes']],
  'trust add': [
    [
      'rollcall trust add head-office --key centre.pub.pem --scope cameras events --until +365d',
      'let a centre switch cameras and ask for events for a year',
    ],
  ],
  'trust remove': [['rollcall trust remove head-office', 'ask, then execute none of its commands']],
  'trust dismiss': [['rollcall trust dismiss', 'forget what was found and not believed, once you know why']],
  'audit list': [
    ['rollcall audit list --from today', 'what was done since midnight'],
    ["rollcall audit list --person 'Ada King' --action person", 'what was done to one person'],
  ],
  'audit verify': [['rollcall audit verify', 'check that the log is whole']],
  'audit report': [['rollcall audit report --from 2026-10-01 --to 2026-12-31', 'report on a quarter']],
  'retention show': [['rollcall retention show', 'show what is forgotten when']],
  'retention run': [['rollcall retention run --dry-run', 'show what is due; delete nothing']],
  'backup recovery-key init': [
    ['sudo rollcall backup recovery-key init --out recovery.key', 'make the key that opens backups'],
  ],
  'backup create': [
    ['sudo rollcall backup create /var/lib/rollcall/monday.backup', 'back the gallery up and verify it'],
  ],
  'backup verify': [
    ['rollcall backup verify monday.backup --recovery-key recovery.key', 'check a backup to its last byte'],
  ],
  'backup restore': [
    [
      'sudo rollcall backup restore /var/lib/rollcall/monday.backup --recovery-key recovery.key',
      'ask, then put its gallery in place',
    ],
  ],
  'models list': [['rollcall models list', 'show the packs and how they stand here']],
  'models verify': [['rollcall models verify', 'read every file again']],
  'models build': [['rollcall models build', 'convert the base packs']],
  'models import': [
    ['rollcall models import face_recognition_sface_2021dec.onnx', 'take over a file that was brought here'],
  ],
  'models fetch': [
    ['rollcall models fetch yunet-dynamic', 'download a pack that its publisher offers'],
    ['rollcall models fetch --recommended', 'bring what the makers recommend beside the base pack'],
  ],
  replay: [
    ['rollcall replay clip.mp4', 'run the stages on a clip as fast as they go'],
    ['rollcall replay clip.mp4 --config rollcall.yaml --camera front-door --gallery', 'as one camera does'],
  ],
  'evaluate blinks': [
    ['rollcall evaluate blinks --clips clips --truth blinks.json', 'measure blink detection'],
  ],
  'evaluate identify': [
    ['rollcall evaluate identify --known people --unknown strangers', 'measure identification'],
    [
      'rollcall evaluate identify --known people --unknown strangers --report errors.html',
      'draw the curves of errors, too',
    ],
  ],
  'evaluate liveness': [
    ['rollcall evaluate liveness --clips clips', 'tell how passages of 1 to 15 s end'],
    ['rollcall evaluate liveness --clips clips --loop 60', 'repeat short clips up to a minute'],
  ],
  'evaluate compare': [
    [
      'rollcall evaluate compare --clips clips --known people --a today.yaml --b stricter.yaml',
      'tell what stricter settings would change',
    ],
  ],
  completion: [
    [
      'rollcall completion bash > ~/.local/share/bash-completion/completions/rollcall',
      'complete for one user',
    ],
  ],
  man: [['rollcall man | man -l -', 'read the manual page']],
  version: [['rollcall version --json', 'print the versions for a program']],
};

/** Most examples that the help of a group shows. */
const mostOfGroup = 4;

/** Of a command, by its words; of a group, the first of each command in it. */
export function examplesOf({ words, command }: NamedCommand): readonly Example[] {
  const ofOne = (path: readonly string[]): readonly Example[] => examples[path.slice(1).join(' ')] ?? [];
  if (command.commands.length === 0) return ofOne(words);
  const below = commandsOf(command, words.slice(0, -1)).slice(1);
  return below.flatMap((each) => ofOne(each.words).slice(0, 1)).slice(0, mostOfGroup);
}

/** Behind the help of a command. */
export function examplesText(named: NamedCommand): string {
  const lines = examplesOf(named).flatMap(([line, does]) => [`  ${line}`, `      ${does}`]);
  return ['', 'Examples:', ...lines].join('\n');
}
