import { cpp } from './cpp.ts';
import { go } from './go.ts';
import { java } from './java.ts';
import { javascript } from './javascript.ts';
import { php } from './php.ts';
import type { ProgramSet } from './program-set.ts';
import { python } from './python.ts';
import { ruby } from './ruby.ts';
import { rust } from './rust.ts';
import { typescript } from './typescript.ts';

export const allPrograms: readonly ProgramSet[] = [python, javascript, typescript, go, java, cpp, rust, ruby, php];
