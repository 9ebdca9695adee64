import { parentPort } from 'node:worker_threads';
import { init } from 'es-module-lexer';
import { compileProgram } from './compile-program.ts';
import type { Program } from './program.ts';

await init();
parentPort?.on('message', (program: Program) => parentPort?.postMessage(compileProgram(program)));
parentPort?.postMessage('ready');
