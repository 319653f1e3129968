import { type Signal, signal } from '@preact/signals';

/** A question to the user that calls wait for; the shell shows it while it is present. */
interface Asked {
  readonly answer: (isDone: boolean) => void;
}

/** Calls that ask at the same time share the question. */
function question(): { readonly wanted: Signal<Asked | undefined>; readonly ask: () => Promise<boolean> } {
  const wanted = signal<Asked | undefined>(undefined);
  let asked: Promise<boolean> | undefined;
  const ask = (): Promise<boolean> => {
    asked ??= new Promise<boolean>((resolve) => {
      wanted.value = {
        answer: (isDone) => {
          wanted.value = undefined;
          asked = undefined;
          resolve(isDone);
        },
      };
    });
    return asked;
  };
  return { wanted, ask };
}

/** Asks the user for a fresh proof of identity. */
export const { wanted: proofWanted, ask: askForProof } = question();

/** Asks the user, whose session has ended, to log in again. The page below stays, with all that was typed. */
export const { wanted: loginWanted, ask: askForLogin } = question();

/** Asks the user, who logs out while something is being sent, whether that may be lost. */
export const { wanted: lossWanted, ask: askForLoss } = question();
