import { useSignal } from '@preact/signals';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/enrol.json';
import { Files } from '../../parts/form-fields.js';
import { Fault } from '../../parts/shown-fault.js';
import { wordsOf } from '../../words/words.js';
import { type Guidance, hintText, patiently } from './picture-guidance.js';

const t = wordsOf<typeof en>('enrol');

interface PhotographFilesProps {
  /** Shows a photograph to the box. @throws ApiError */
  readonly onPhotograph: (file: File) => Promise<Guidance>;
  /** Shows a clip to the box. Absent: clips cannot be chosen. @throws ApiError */
  readonly onClip?: (file: File) => Promise<boolean>;
}

interface Shown {
  readonly name: string;
  readonly text: string;
}

/** Photographs and clips from files, and what the box says of each. */
export function PhotographFiles({ onPhotograph, onClip }: PhotographFilesProps) {
  const doing = useAct();
  const shown = useSignal<readonly Shown[]>([]);
  const send = async (files: readonly File[]): Promise<void> => {
    for (const file of files) {
      const text =
        onClip !== undefined && file.type.startsWith('video/')
          ? t((await patiently(() => onClip(file))) ? 'clip-with-blink' : 'clip-without-blink')
          : said(await patiently(() => onPhotograph(file)));
      shown.value = [...shown.value, { name: file.name, text }];
    }
  };
  return (
    <>
      <Files
        label={t(onClip === undefined ? 'choose-photographs' : 'choose-files')}
        multiple
        accept={onClip === undefined ? 'image/*,.heic,.heif' : 'image/*,.heic,.heif,video/*'}
        disabled={doing.isRunning}
        onFiles={(files) => {
          shown.value = [];
          void doing.run(() => send(files));
        }}
      />
      <Fault error={doing.fault} />
      <div role="status">
        <ul>
          {shown.value.map(({ name, text }) => (
            <li key={name}>
              <strong>{name}</strong>: {text}
            </li>
          ))}
          {doing.isRunning && <li>{t('looking')}</li>}
        </ul>
      </div>
    </>
  );
}

/** A photograph that was kept has no fault: its hint is about the next one. */
const said = (guidance: Guidance): string =>
  guidance.kept === undefined ? t('not-kept', { hint: hintText(guidance) }) : t(`kept-${guidance.kept}`);
