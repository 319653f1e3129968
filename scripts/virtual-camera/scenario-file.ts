import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { badInput, messageOf } from '../../daemon/kernel/errors.js';
import { type Scenario, scenarioSchema } from './scenario.js';

/** Reads a scenario from a JSON file; photographs are found relative to it. Throws `scenario-invalid`. */
export async function readScenario(file: string): Promise<Scenario> {
  try {
    const scenario = scenarioSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    return {
      ...scenario,
      scenes: scenario.scenes.map((scene) =>
        scene.kind === 'face' ? { ...scene, photo: resolve(dirname(file), scene.photo) } : scene,
      ),
    };
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw badInput('scenario-invalid', `the scenario ${file} cannot be used: ${reason}`, {
      remedy: 'Correct the file; docs/reference/virtual-camera.md describes its fields.',
      cause: error,
    });
  }
}
