import { commandsOf, type NamedCommand } from './command-tree.js';

/** A command line and its effect. */
export type Example = readonly [line: string, does: string];

/** Examples of derived commands, by their words; each comes with its command. */
export const examplesOfRows = new Map<string, readonly Example[]>();

/** Examples by command, without the word `rollcall`. */
const examples: Readonly<Record<string, readonly Example[]>> = {
  status: [
    ['rollcall status', 'show the state of the box'],
    ['rollcall status --json', 'the same, for a program'],
  ],
  'check-config': [
    ['rollcall check-config', 'check the configuration of this box'],
    ['rollcall check-config new.yaml', 'check a new file before you install it'],
  ],
  'config show': [['rollcall config show', 'show what is set, and where each setting comes from']],
  'config set': [
    ['rollcall config set rules.unknownAfterS 5', 'report unknown people after 5 seconds'],
    ['rollcall config set attendance.holidays \'["2026-12-25"]\'', 'a list replaces the whole list'],
  ],
  'config reset': [
    ['rollcall config reset rules.unknownAfterS', 'use the value of the configuration file again'],
  ],
  doctor: [['sudo rollcall doctor', 'check everything that the daemon needs']],
  'support-bundle': [
    ['sudo rollcall support-bundle bundle.json', 'write what a helper needs to find a fault, without names'],
  ],
  'backup status': [['sudo rollcall backup status', 'show the scheduled backups']],
  sizing: [
    ['rollcall sizing', 'estimate whether this machine suffices for four cameras of 1080p'],
    [
      'rollcall sizing --cameras 8 --size 640x360 --fps 15 --share 20',
      'the same for small streams of quiet corridors',
    ],
  ],
  'mqtt check': [['sudo rollcall mqtt check', 'check the connection to the broker step by step']],
  'camera list': [['rollcall camera list', 'show the state of every camera']],
  'camera test': [
    ['rollcall camera test front-door', 'open one camera and report what it shows'],
    ['rollcall camera test rtsp://192.0.2.10/stream2 --login', 'the same, before the box is configured'],
    ['rollcall camera test rtsps://192.0.2.10/stream2', 'show the certificate, to compare its fingerprint'],
  ],
  'alerts add-channel': [
    [
      'rollcall alerts add-channel guards --kind ntfy --url https://ntfy.example.org/rollcall-k3v9x2 --secret',
      'send alerts to a topic of ntfy; the access token is asked for',
    ],
    [
      'rollcall alerts add-channel phone --kind sms --url https://sms.example.org/messages --from rollcall --number +498912345678 --secret',
      'send text messages by a gateway; user:password are asked for',
    ],
  ],
  'alerts change-channel': [
    [
      'rollcall alerts change-channel guards --url https://ntfy.example.org/rollcall-n7w4q1 --secret',
      'use another topic; its secret is asked for again',
    ],
  ],
  'camera profiles': [
    ['rollcall camera profiles 192.0.2.10 --login', 'list the streams of a device and their addresses'],
  ],
  'camera add': [
    [
      "rollcall camera add front-door rtsp://192.0.2.10/stream2 --name 'Front door' --login",
      'add a camera; the command asks for user and password',
    ],
    [
      "rollcall camera add yard rtsp://192.0.2.11/main --substream rtsp://192.0.2.11/sub --name 'Yard'",
      'watch the small stream, and decode the large one only when something moves',
    ],
  ],
  'camera change': [
    ['rollcall camera change front-door --login', 'give the box the new password of the camera'],
    ['rollcall camera change front-door --disable', 'close the camera for a while'],
  ],
  'camera snapshot': [
    ['rollcall camera snapshot front-door --save door.jpg', 'see what the camera shows now'],
    ['rollcall camera snapshot front-door --boxes', 'show on the terminal which faces the box follows'],
  ],
  'camera watch': [
    ['rollcall camera watch front-door', 'see what the box measures at the faces in sight, live'],
  ],
  liveness: [
    ['rollcall liveness gate.mp4', 'tell whether a clip shows a live person'],
    [
      'rollcall liveness gate.mp4 --challenge turn-left,nod,blink-twice',
      'also tell whether the person did these actions in this order',
    ],
  ],
  'passages clip': [
    [
      'rollcall passages clip 0198c1c2-7a1b --out door.zip',
      'save the frames around an event, signed by the box',
    ],
  ],
  'passages verify-clip': [
    ['rollcall passages verify-clip door.zip', 'check a clip with the keys of the running box'],
    ['rollcall passages verify-clip door.zip --keys box.jwks', 'check it without a box, with stored keys'],
  ],
  'passages tail': [['rollcall passages tail --camera front-door', 'watch a door, passage by passage']],
  'passages mark': [
    ["rollcall passages mark 0198c1c2-7a1b --was 'Ada Lovelace'", 'it was Ada: correct her attendance'],
    ['rollcall passages mark 0198c1c2-7a1b --was stranger', 'it was a person who is not enrolled'],
  ],
  'report preview': [
    ['rollcall report preview --threshold 0.6', 'what the last 100 passages would have become'],
    [
      'rollcall report preview --camera gate --require not-attack -n 500',
      'without a proof of life at one camera',
    ],
  ],
  'person add': [
    ["rollcall person add 'Ada Lovelace' --image ada-1.jpg ada-2.jpg", 'enrol from two photos'],
    ['rollcall person add --profile ada.json --image ada.jpg', 'keep the name out of the arguments'],
  ],
  'person similar': [
    ["rollcall person similar 'Ada Lovelace'", 'show whom the box could take for her'],
    ['rollcall person similar --image face.jpg', 'show whom a picture resembles'],
  ],
  'person set': [
    ["rollcall person set 'Ada King' --external-id E-17", 'store her id in another system'],
    ["rollcall person set 'Ada King' --notes ''", 'delete the notes'],
  ],
  'person photo add': [
    ["rollcall person photo add 'Ada King' --image ada-3.jpg", 'add a view; it must show the same person'],
  ],
  'person photo replace': [
    [
      "rollcall person photo replace 'Ada King' f-4hz8 --image ada-4.jpg",
      'replace a photo with a better one',
    ],
  ],
  'person remove': [["rollcall person remove 'Ada King'", 'ask for confirmation, then stop recognising her']],
  'person erase': [
    ["rollcall person erase 'Ada King' --certificate ada.json", 'erase her and keep the certificate'],
  ],
  'person withdraw': [["rollcall person withdraw 'Ada King'", 'record the withdrawal, erase biometric data']],
  'person export': [
    ["rollcall person export 'Ada King' --out ada.zip", 'write all her data'],
    ['rollcall person export --all --out persons.zip', 'write an archive that another box can import'],
  ],
  'person import': [
    ['rollcall person import persons.csv --dry-run', 'check every row; store nothing'],
    ['rollcall person import persons.zip --skip-refused', 'import the rows that are accepted'],
  ],
  'strangers assign': [
    [
      "rollcall strangers assign s-6v0n --name 'Ada Lovelace' --consent-basis consent --consent-date today --consent-reference 'form 7'",
      'enrol an unknown person who gave consent',
    ],
    ["rollcall strangers assign s-6v0n --person 'Ada King'", 'say that the box did not recognise her'],
  ],
  'strangers ignore': [
    ['rollcall strangers ignore s-6v0n', 'never alert about the postman again'],
    ['rollcall strangers ignore s-6v0n --undo', 'alert about this unknown person again'],
  ],
  'events tail': [
    ['rollcall events tail', 'show the last ten events and wait for new ones'],
    ['rollcall events tail --last 0 --json', 'new events only, one JSON object per line'],
  ],
  'events verify': [
    ['mosquitto_sub -t "rollcall/#" -C 100 -v | rollcall events verify', 'check 100 messages from a broker'],
    ['rollcall events verify captured.txt --keys box.jwks', 'check messages in a file, with stored keys'],
  ],
  'attendance today': [['rollcall attendance today', 'show who is present and who is expected']],
  'attendance report': [
    ['rollcall attendance report --from yesterday --to today', 'two days, all persons'],
    [
      "rollcall attendance report --from 2026-11-01 --to 2026-11-30 --person 'Ada King' --csv > ada.csv",
      'a month of one person, for a spreadsheet',
    ],
  ],
  'attendance correct': [
    [
      "rollcall attendance correct 'Ada King' --date yesterday --in 8:05 --reason 'camera was off'",
      'correct a time of arrival',
    ],
  ],
  'key status': [['rollcall key status', 'show whether the gallery is open, and its keys']],
  'key init': [['sudo rollcall key init', 'make the first key of a new gallery']],
  'key unlock': [['sudo rollcall key unlock', 'type the passphrase of a sealed gallery']],
  'key rotate': [['sudo rollcall key rotate', 'give the gallery a new key']],
  'key providers': [['rollcall key providers', 'show which sources of the key work on this machine']],
  'identity show': [
    ['rollcall identity show', 'show the fingerprint, to compare it at the centre'],
    ['rollcall identity show --jwks > box.jwks', 'store the keys, to check messages later'],
  ],
  'identity rotate': [['rollcall identity rotate', 'ask for confirmation, then sign with a new key']],
  'gallery status': [['rollcall gallery status', 'show the contents and keys of the gallery']],
  'gallery calibrate': [
    ['rollcall gallery calibrate', 'set the threshold of each person, and list persons who look alike'],
  ],
  'gallery verify': [['rollcall gallery verify', 'check every field and list damaged rows']],
  'gallery re-embed': [
    ['rollcall gallery re-embed --to NAME --wait', 'make the templates for another recogniser'],
    ['rollcall gallery re-embed --cancel', 'cancel the move and delete its templates'],
  ],
  'trust list': [['rollcall trust list', 'show the issuers whose commands the box executes']],
  'trust add': [
    [
      'rollcall trust add head-office --key centre.pub.pem --scope cameras events --until +365d',
      'let a centre switch cameras and request events for a year',
    ],
  ],
  'trust remove': [
    ['rollcall trust remove head-office', 'ask for confirmation, then stop executing its commands'],
  ],
  'trust dismiss': [['rollcall trust dismiss', 'delete untrusted entries after you have checked them']],
  'audit list': [
    ['rollcall audit list --from today', 'entries since midnight'],
    ["rollcall audit list --person 'Ada King' --action person", 'entries about one person'],
  ],
  'audit verify': [['rollcall audit verify', 'check that the log is whole']],
  'audit report': [['rollcall audit report --from 2026-10-01 --to 2026-12-31', 'report on a quarter']],
  'retention show': [['rollcall retention show', 'show which data are deleted when']],
  'retention run': [['rollcall retention run --dry-run', 'show what is due; delete nothing']],
  'backup recovery-key init': [
    ['sudo rollcall backup recovery-key init --out recovery.key', 'make the key that opens backups'],
  ],
  'backup create': [
    ['sudo rollcall backup create /var/lib/rollcall/monday.backup', 'back up the box and verify the backup'],
  ],
  'backup verify': [
    ['rollcall backup verify monday.backup --recovery-key recovery.key', 'check every byte of a backup'],
  ],
  'backup restore': [
    [
      'sudo rollcall backup restore /var/lib/rollcall/monday.backup --recovery-key recovery.key',
      'ask for confirmation, then replace the gallery',
    ],
  ],
  'box erase': [
    ['sudo rollcall box erase /root/erased.json', 'ask for confirmation, then erase the box and certify it'],
  ],
  'update apply': [
    ['sudo rollcall update apply latest', 'install the newest version of the configured repositories'],
    [
      'sudo rollcall update apply ./rollcall_1.1.0_amd64.deb',
      'install a file, with its signature beside it (.asc)',
    ],
  ],
  'update status': [['rollcall update status', 'show the version, and how the last update ended']],
  'update note': [
    ['rollcall update note > before.json', 'note what the box does, before a change of the machine'],
  ],
  'update check': [
    [
      'rollcall update check --before before.json',
      'check that the box does the same again, after the change',
    ],
  ],
  'models list': [['rollcall models list', 'show the packs and their state on this machine']],
  'models verify': [['rollcall models verify', 'check the hash of every file']],
  'models build': [['rollcall models build', 'convert the base packs']],
  'models add-recogniser': [
    [
      'rollcall models add-recogniser network.onnx --name site --known photographs',
      'measure a network of your own and add it as own-site',
    ],
  ],
  'models remove': [['rollcall models remove own-site', 'remove a network of your own']],
  'models import': [['rollcall models import face_recognition_sface_2021dec.onnx', 'import a model file']],
  'models fetch': [
    ['rollcall models fetch yunet-dynamic', 'download one pack'],
    ['rollcall models fetch --recommended', 'download all recommended packs'],
  ],
  replay: [
    ['rollcall replay clip.mp4', 'analyse a clip as fast as possible'],
    [
      'rollcall replay clip.mp4 --config rollcall.yaml --camera front-door --gallery',
      'with the settings of one camera and the gallery',
    ],
  ],
  'evaluate blinks': [
    ['rollcall evaluate blinks --clips clips --truth blinks.json', 'measure blink detection'],
  ],
  'evaluate grouping': [
    ['rollcall evaluate grouping --people people', 'measure how well unknown people are told apart'],
  ],
  'evaluate identify': [
    ['rollcall evaluate identify --known people --unknown strangers', 'measure identification'],
    [
      'rollcall evaluate identify --known people --unknown strangers --report errors.html',
      'also draw the error curves',
    ],
  ],
  'evaluate liveness': [
    ['rollcall evaluate liveness --clips clips', 'measure the verdicts on passages of 1 to 15 s'],
    ['rollcall evaluate liveness --clips clips --loop 60', 'repeat short clips up to one minute'],
  ],
  'evaluate compare': [
    [
      'rollcall evaluate compare --clips clips --known people --a today.yaml --b stricter.yaml',
      'show what stricter settings would change',
    ],
  ],
  completion: [
    [
      'rollcall completion bash > ~/.local/share/bash-completion/completions/rollcall',
      'install the completion for one user',
    ],
  ],
  man: [['rollcall man | man -l -', 'read the manual page']],
  version: [['rollcall version --json', 'print the versions for a program']],
};

/** Largest number of examples in the help of a group. */
const mostOfGroup = 4;

/** The examples of a command; for a group, the first example of each subcommand. */
export function examplesOf({ words, command }: NamedCommand): readonly Example[] {
  const ofOne = (path: readonly string[]): readonly Example[] => {
    const name = path.slice(1).join(' ');
    return examples[name] ?? examplesOfRows.get(name) ?? [];
  };
  if (command.commands.length === 0) return ofOne(words);
  const subcommands = commandsOf(command, words.slice(0, -1)).slice(1);
  return subcommands.flatMap((each) => ofOne(each.words).slice(0, 1)).slice(0, mostOfGroup);
}

/** The examples at the end of the help. */
export function examplesText(named: NamedCommand): string {
  const lines = examplesOf(named).flatMap(([line, does]) => [`  ${line}`, `      ${does}`]);
  return ['', 'Examples:', ...lines].join('\n');
}
