import { createHash } from 'node:crypto';
import type { WarmProgram } from './contracts/sandbox.ts';

const keys = new WeakMap<WarmProgram, string>();

/** Two programs with the same key are one. Found once for each object: languages had best plan with the same one again. */
export function warmProgramKey(program: WarmProgram): string {
  let key = keys.get(program);
  if (key === undefined) {
    const { kind, argv, env, file, startVariables } = program;
    const content = file && [file.path, Buffer.from(file.content).toString('base64'), file.executable];
    // Short, because it is a part of keys that each execution makes.
    key = createHash('sha256')
      .update(JSON.stringify([kind, argv, env, content, startVariables]))
      .digest('base64url');
    keys.set(program, key);
  }
  return key;
}
